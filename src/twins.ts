import type { Sample, Side } from './records.js';

/**
 * The paths of samples whose component stands on another side, too: a split by photo, or one that was given, can put a
 * photo's twin there.
 */
export function pathsWithTwins(
  samples: readonly Pick<Sample, 'path' | 'split' | 'component'>[],
): Set<string> {
  const sides = new Map<string, Side | 'several'>();
  for (const { component, split } of samples) {
    const before = sides.get(component) ?? split;
    sides.set(component, before === split ? split : 'several');
  }
  const torn = samples.filter(({ component }) => sides.get(component) === 'several');
  return new Set(torn.map(({ path }) => path));
}
