import type { EpochRecord } from '../results.js';
import type { Cut } from './cut.js';
import { logitsOf } from './epoch.js';
import type { KeyedSample } from './feed.js';
import type { Inputs } from './inputs.js';
import { confusionMatrix, macroF1, topAccuracy } from './metrics.js';
import { type LabelledLogits, negativeLogLikelihood } from './temperature.js';
import type { Training } from './training.js';

/** Features take little memory: large batches of them are computed faster. */
const FEATURES_A_BATCH = 256;

type Measured = Pick<EpochRecord, 'trainLoss' | 'trainAccuracy' | 'trainPhotos'>;
type Validated = Required<
  Pick<
    EpochRecord,
    'validationLoss' | 'validationAccuracy' | 'validationTop5' | 'validationMacroF1' | 'overfitting'
  >
>;

/** What an epoch's weights give on the train side, and on the validation side where there is one. */
export interface Scores {
  record: Measured & Partial<Validated>;
  /** Of the validation side. */
  logits?: LabelledLogits;
}

/** Scores both sides in inference mode, on photos as they are. */
export async function scoreEpoch(training: Training, inputs: Inputs, cut: Cut): Promise<Scores> {
  const { measured, validation, cache } = inputs;
  const { batchSize } = training.model;
  const large = cache.identity.kind === 'vectors' ? Math.max(batchSize, FEATURES_A_BATCH) : batchSize;
  const train = await logitsOn(training, inputs, cut, measured, large);
  const record = {
    trainLoss: negativeLogLikelihood(train),
    trainAccuracy: top(train, 1),
    trainPhotos: measured.length,
  };
  if (validation.length === 0) return { record };
  const logits = await logitsOn(training, inputs, cut, validation, batchSize);
  const validationAccuracy = top(logits, 1);
  return {
    logits,
    record: {
      ...record,
      validationLoss: negativeLogLikelihood(logits),
      validationAccuracy,
      validationTop5: top(logits, 5),
      validationMacroF1: macroF1(confusionMatrix(scored(logits))),
      overfitting: record.trainAccuracy - validationAccuracy,
    },
  };
}

async function logitsOn(
  { tf, model: { mirror }, signal }: Training,
  { feed }: Inputs,
  cut: Cut,
  samples: readonly KeyedSample[],
  batchSize: number,
): Promise<LabelledLogits> {
  const logits = await logitsOf({ tf, cut, feed, samples, mirror, batchSize, signal });
  const labels = samples.map(({ label }) => label);
  return { classes: logits.length / labels.length, labels, logits };
}

/** Logits stand in for probabilities where their order alone counts. */
function scored({ classes, labels, logits }: LabelledLogits) {
  return { classes, labels, probabilities: logits };
}

const top = (logits: LabelledLogits, count: number) => topAccuracy(scored(logits), count);
