/** A photo of the train side. */
export interface TrainPhoto {
  imageId: string;
  /** Relative to `images/small`. */
  path: string;
  label: string;
  component: string;
}

/** A task's train side, as advice reads it: a row a photo. */
export interface TrainSide {
  photos: readonly TrainPhoto[];
  /** Sorted by UTF-16 code units. */
  classes: readonly string[];
  /** Each photo's class. */
  labels: Int32Array;
  /** A frozen base's features, [photos × length], of length 1 each. */
  vectors: Float32Array;
  length: number;
  /** The rows of each component. */
  groups: readonly (readonly number[])[];
}

/**
 * Puts photos and their features together.
 * @param vectors [photos × length] as the cache has them.
 * @param mirrored whether each goes on with its mirror image's, as long: then both count alike.
 */
export function trainSide(
  photos: readonly TrainPhoto[],
  vectors: Float32Array,
  { mirrored = false }: { mirrored?: boolean } = {},
): TrainSide {
  const classes = [...new Set(photos.map(({ label }) => label))].sort();
  const indices = new Map(classes.map((name, index) => [name, index]));
  const groups = new Map<string, number[]>();
  for (const [row, { component }] of photos.entries()) {
    const rows = groups.get(component);
    if (rows === undefined) groups.set(component, [row]);
    else rows.push(row);
  }
  const stored = photos.length === 0 ? 0 : vectors.length / photos.length;
  return {
    photos,
    classes,
    labels: Int32Array.from(photos, ({ label }) => indices.get(label)!),
    vectors: mirrored ? unitRows(foldedRows(vectors, stored), stored / 2) : unitRows(vectors, stored),
    length: mirrored ? stored / 2 : stored,
    groups: [...groups.values()],
  };
}

/** Rows scaled to length 1; those of zeros stay. */
function unitRows(vectors: Float32Array, length: number): Float32Array {
  const scaled = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += length) {
    let squares = 0;
    for (let at = start; at < start + length; at++) squares += vectors[at]! ** 2;
    const norm = Math.max(Math.sqrt(squares), 1e-12);
    for (let at = start; at < start + length; at++) scaled[at] = vectors[at]! / norm;
  }
  return scaled;
}

/** The sums of both halves of each row, each half scaled to length 1 before. */
function foldedRows(vectors: Float32Array, stored: number): Float32Array {
  const half = stored / 2;
  const halves = unitRows(vectors, half);
  return Float32Array.from({ length: vectors.length / 2 }, (_, at) => {
    const first = Math.floor(at / half) * stored + (at % half);
    return halves[first]! + halves[first + half]!;
  });
}
