import type { Sample, Side } from './records.js';

/**
 * The paths of samples that have a twin on another side: one of their component, of their bytes, or of one of their items.
 * A split by photo, or one that was given, can put it there; so can curation that links nothing.
 * @param itemsOf a photo's items by its path, where components do not hold them together.
 */
export function pathsWithTwins(
  samples: readonly Pick<Sample, 'path' | 'split' | 'component' | 'sha256'>[],
  itemsOf: ReadonlyMap<string, readonly string[]> = new Map(),
): Set<string> {
  const keysOf = ({ path, component, sha256 }: (typeof samples)[number]) => [
    `component ${component}`,
    ...(sha256 === '' ? [] : [`bytes ${sha256}`]),
    ...(itemsOf.get(path) ?? []).map((item) => `item ${item}`),
  ];
  const sides = new Map<string, Side | 'several'>();
  for (const sample of samples) {
    for (const key of keysOf(sample)) {
      const before = sides.get(key) ?? sample.split;
      sides.set(key, before === sample.split ? before : 'several');
    }
  }
  const torn = samples.filter((sample) => keysOf(sample).some((key) => sides.get(key) === 'several'));
  return new Set(torn.map(({ path }) => path));
}
