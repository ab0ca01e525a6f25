import type { PhaseRecipe } from '../recipe.js';
import type { Sample, Side } from '../records.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import { createFeed, type Feed, type KeyedSample, keyedSamples } from './feed.js';
import { measuredSamples } from './measured.js';
import type { FitOptions, Training } from './training.js';

/** Photos, and stored views of those of the train side: epochs take turns over these, the first with the first. */
export interface Stored {
  cache: TensorCache;
  views?: readonly TensorCache[];
}

/** What the epochs of a phase read: pixels, or a frozen base's features. */
export interface Inputs {
  /** Of the photos themselves. */
  cache: TensorCache;
  feed: Feed;
  /** The train side, by view, or by view and mirror image. */
  train: readonly { feed: Feed; samples(): readonly KeyedSample[]; mirrored: boolean }[];
  /** What training is measured on after each epoch: the train side, or as much of it as `measuredSamples` draws. */
  measured: readonly KeyedSample[];
  validation: readonly KeyedSample[];
}

/** @param classes in the order of the model's output. */
export function openInputs(options: FitOptions, stored: Stored, classes: readonly string[]): Inputs {
  const { tf, network, samples, model } = options;
  const { cache, views } = stored;
  const sideOf = (side: Side, from: TensorCache) =>
    keyedSamples(
      from,
      samples.filter(({ split }) => split === side),
      classes,
    );
  const feed = createFeed(tf, cache, network.preprocessing);
  // Found anew in each epoch: of many views each sample would be held many times.
  const viewSide = (from: TensorCache) => ({
    feed: createFeed(tf, from, network.preprocessing),
    samples: () => sideOf('train', from),
  });
  // Of stored views, features of the photos themselves are there of those alone that are measured.
  const looks = views?.map(viewSide) ?? [plainSide(feed, sideOf('train', cache))];
  const mirrored = model.mirror ? [false, true] : [false];
  return {
    cache,
    feed,
    train: looks.flatMap((look) => mirrored.map((one) => ({ ...look, mirrored: one }))),
    measured: keyedSamples(cache, measuredOf(options), classes),
    validation: sideOf('validation', cache),
  };
}

const plainSide = (feed: Feed, samples: readonly KeyedSample[]) => ({ feed, samples: () => samples });

/**
 * What a phase reads: where features of a base that is trained later are stored, these, until it is.
 * @param index of the phase
 */
export function inputsOf({ inputs, headInputs, model: { phases } }: Training, index: number): Inputs {
  return index < headPhases(phases) ? (headInputs ?? inputs) : inputs;
}

/** How often an epoch that trains on so many samples sends a photo through the base; stored features cost none. */
export function basePassesOf(
  { model: { mirror } }: Training,
  { cache, measured, validation }: Inputs,
  trained: number,
): number {
  if (cache.identity.kind !== 'pixels') return 0;
  return trained + (mirror ? 2 : 1) * (measured.length + validation.length);
}

/** How many phases come before the first that trains the base. */
export function headPhases(phases: readonly PhaseRecipe[]): number {
  const first = phases.findIndex(({ train }) => train !== 'head');
  return first < 0 ? phases.length : first;
}

/** Of the train side's samples those that training is measured on: in each phase the same, and all if their features do. */
function measuredOf({ samples, cache, views = [], seed, task, trunk }: FitOptions): Sample[] {
  if (cache.identity.kind === 'pixels' || views.length > 0) {
    if (trunk === undefined) return measuredSamples(samples, { seed, task });
    // As each of its tasks would draw them alone: features may be there of no others.
    const drawn = trunk.flatMap((one) => measuredSamples(one.samples, { seed, task: one.task }));
    const paths = new Set(drawn.map(({ path }) => path));
    return samples.filter(({ path }) => paths.has(path));
  }
  return samples.filter(({ split }) => split === 'train');
}
