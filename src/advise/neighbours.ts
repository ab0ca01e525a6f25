/** Photos that are looked at beside each. */
const NEIGHBOURS = 10;

/** The nearest photos of other components, nearest first. */
export interface Neighbours {
  /** By photo: rows of others. */
  rows: readonly Int32Array[];
  /** By photo: how often it is among the nearest of others. */
  asked: Int32Array;
}

/**
 * Finds the nearest photos by a kernel matrix; those of a photo's own component are left out, as they show the same.
 * @param kernel [photos × columns], as it is before it is factored
 * @param columns the photos that the columns stand for; default: all
 */
export function nearestPhotos(
  kernel: Float64Array,
  { components, columns }: { components: readonly string[]; columns?: Int32Array | undefined },
): Neighbours {
  const width = columns?.length ?? components.length;
  const asked = new Int32Array(components.length);
  const rows = components.map((component, row) => {
    const found: { photo: number; value: number }[] = [];
    for (let column = 0; column < width; column++) {
      const value = kernel[row * width + column]!;
      if (found.length === NEIGHBOURS && value <= found.at(-1)!.value) continue;
      const photo = columns?.[column] ?? column;
      if (components[photo] === component) continue;
      const at = found.findIndex((other) => other.value < value);
      found.splice(at < 0 ? found.length : at, 0, { photo, value });
      found.length = Math.min(found.length, NEIGHBOURS);
    }
    for (const { photo } of found) asked[photo]! += 1;
    return Int32Array.from(found, ({ photo }) => photo);
  });
  return { rows, asked };
}

/** By class: the shares of the classes among its photos' neighbours, [class × class], rows of sum 1 where there are any. */
export function classesBeside(
  { rows }: Neighbours,
  { labels, classes }: { labels: Int32Array; classes: number },
): number[][] {
  const shares = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [row, others] of rows.entries()) {
    for (const other of others) shares[labels[row]!]![labels[other]!]! += 1;
  }
  return shares.map((row) => {
    const sum = row.reduce((total, count) => total + count, 0);
    return sum === 0 ? row : row.map((count) => count / sum);
  });
}
