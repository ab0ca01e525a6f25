import type { ModelRecipe, PhaseRecipe } from '../recipe.js';
import type { NetworkCost, PhaseCost } from './network-cost.js';

/** Of a float32 number. */
const FLOAT = 4;
/** LMDB's pages: a value of more than half of one has pages of its own, with a header. */
const PAGE = 4096;
const PAGE_HEADER = 16;
/** A vector's key and sha256, and what trees of them leave empty. */
const VECTOR_RECORD = 512;
/** Node, a backend, and the batches that are ahead, before any network: as runs on the sample measured. */
const BASE_MEMORY = 350e6;

/** What a photo's features take in a cache. */
export function vectorBytes(length: number): number {
  const bytes = FLOAT * length;
  const stored = bytes <= PAGE / 2 ? bytes : PAGE * Math.ceil((bytes + PAGE_HEADER) / PAGE);
  return stored + VECTOR_RECORD;
}

/** A thumbnail in its archive, and a line of what is known of the photo: as a gallery of the sample has them. */
const GALLERY_RECORD = 2500;

/** What a gallery of so many photos takes. @param width numbers in an embedding */
export function galleryBytes(photos: number, width: number): number {
  return photos * (width + GALLERY_RECORD);
}

/** What a model's weights take. */
export function modelBytes({ parameters }: NetworkCost): number {
  return FLOAT * parameters;
}

/** Copies of trained numbers that an optimiser keeps. */
const SLOTS: Readonly<Record<PhaseRecipe['optimizer'], number>> = {
  adam: 2,
  adamw: 2,
  rmsprop: 1,
  sgd: 0,
  momentum: 1,
  nesterov: 1,
};

/** The weights, the best epoch's, and the optimiser's; it is removed at the end. */
export function checkpointOf(
  model: ModelRecipe,
  { parameters }: NetworkCost,
  phases: readonly { trained: number }[],
): number {
  if (model.head.kernel !== undefined) return 0;
  const slots = model.phases.map(({ optimizer }, index) => SLOTS[optimizer] * phases[index]!.trained);
  return FLOAT * (2 * parameters + Math.max(...slots));
}

/**
 * Weights, the best epoch's copy and the one that is written; gradients and the optimiser's numbers; and of a batch what
 * gradients keep, twice, or where none pass the widest layer.
 */
export function memoryOf(options: {
  model: ModelRecipe;
  phase: PhaseRecipe;
  cost: NetworkCost;
  part: PhaseCost;
  features: boolean;
  rows: number;
}): number {
  const { model, phase, cost, part, features, rows } = options;
  if (model.head.kernel !== undefined) return BASE_MEMORY + rows * (8 * rows + 3 * FLOAT * cost.features);
  const weights = 3 * cost.parameters + (1 + SLOTS[phase.optimizer]) * part.trained;
  const batch = model.batchSize * Math.max(2 * part.activations, features ? 0 : part.widest);
  return BASE_MEMORY + FLOAT * (weights + batch);
}
