import { hash32 } from '../random.js';
import type { Sample } from '../records.js';

/** Where a base computes each photo anew, this share of the train side is measured … */
const SHARE = 0.1;
/** … but no fewer photos than this, below which accuracy is a guess, and no more than this, which tell enough. */
const LEAST = 250;
const MOST = 2000;

/**
 * The samples of the train side that training is measured on after each epoch where that costs a pass through the base:
 * a seeded draw by photo, so that an epoch takes at most about a tenth longer. In the order given.
 * @param samples of all sides
 */
export function measuredSamples(
  samples: readonly Sample[],
  { seed, task }: { seed: number; task: string },
): Sample[] {
  const train = samples.filter(({ split }) => split === 'train');
  const number = measuredNumber(train.length);
  if (number >= train.length) return train;
  const drawn = train
    .map((sample, index) => ({ sample, index, draw: hash32(seed, 'measure', task, sample.sha256) }))
    .sort((a, b) => a.draw - b.draw || (a.sample.sha256 < b.sample.sha256 ? -1 : 1))
    .slice(0, number);
  return drawn.sort((a, b) => a.index - b.index).map(({ sample }) => sample);
}

/** How many photos of so large a train side are measured. */
export function measuredNumber(train: number): number {
  return Math.min(train, Math.max(LEAST, Math.min(MOST, Math.round(SHARE * train))));
}
