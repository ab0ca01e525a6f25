import type { EpochRecord, HeadEpoch } from '../results.js';
import type { Cut } from './cut.js';
import { logitsOfAll } from './epoch.js';
import type { KeyedSample } from './feed.js';
import type { Inputs } from './inputs.js';
import { confusionMatrix, macroF1, topAccuracy } from './metrics.js';
import { type LabelledLogits, negativeLogLikelihood } from './temperature.js';
import type { Training } from './training.js';

/** Features take little memory: large batches of them are computed faster. */
const FEATURES_A_BATCH = 1024;

type Measured = Pick<EpochRecord, 'trainLoss' | 'trainAccuracy' | 'trainPhotos'>;
type Validated = Required<
  Pick<
    EpochRecord,
    'validationLoss' | 'validationAccuracy' | 'validationTop5' | 'validationMacroF1' | 'overfitting'
  >
>;

/** What an epoch's weights give on the train side, and on the validation side where there is one. */
export interface Scores {
  record: Measured & Partial<Validated> & Partial<Pick<EpochRecord, 'accuracy' | 'heads'>>;
  /** Of the validation side, of each head. */
  logits?: LabelledLogits[];
}

/**
 * Scores both sides in inference mode, on photos as they are. Where tasks share a trunk a photo is computed once for all,
 * each head is scored on the photos that its task has labels of, and the record has the heads' means.
 * @param accuracies of each output in training, which a trunk's record has by task.
 */
export async function scoreEpoch(
  training: Training,
  inputs: Inputs,
  cut: Cut,
  accuracies: readonly number[] = [],
): Promise<Scores> {
  const { measured, validation, cache } = inputs;
  const { heads } = training;
  const { batchSize } = training.model;
  const large = cache.identity.kind === 'vectors' ? Math.max(batchSize, FEATURES_A_BATCH) : batchSize;
  const train = await logitsOn(training, inputs, cut, measured, large);
  const logits =
    validation.length === 0 ? undefined : await logitsOn(training, inputs, cut, validation, batchSize);
  const records = train.map((one, index) => recordOf(one, logits?.[index]));
  const validated = logits && { logits };
  if (heads === undefined) return { record: records[0]!, ...validated };
  const own = records.map((record, index) => ({ accuracy: accuracies[index]!, ...record }));
  return {
    record: {
      ...meanOf(own),
      trainPhotos: measured.length,
      heads: Object.fromEntries(heads.map(({ task }, index) => [task, own[index]!])),
    },
    ...validated,
  };
}

function recordOf(train: LabelledLogits, logits?: LabelledLogits): Measured & Partial<Validated> {
  const record = {
    trainLoss: negativeLogLikelihood(train),
    trainAccuracy: top(train, 1),
    trainPhotos: train.labels.length,
  };
  if (logits === undefined || logits.labels.length === 0) return record;
  const validationAccuracy = top(logits, 1);
  return {
    ...record,
    validationLoss: negativeLogLikelihood(logits),
    validationAccuracy,
    validationTop5: top(logits, 5),
    validationMacroF1: macroF1(confusionMatrix(scored(logits))),
    overfitting: record.trainAccuracy - validationAccuracy,
  };
}

/** Each figure's mean over the heads that have it. */
function meanOf(records: readonly HeadEpoch[]): HeadEpoch {
  const keys = new Set(records.flatMap((record) => Object.keys(record) as (keyof HeadEpoch)[]));
  const means = [...keys].map((key) => {
    const values = records.flatMap((record) => record[key] ?? []);
    return [key, values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  return Object.fromEntries(means) as HeadEpoch;
}

/** Of each head, on the samples that have a class of its own; of a B-CNN of the classes alone. */
async function logitsOn(
  training: Training,
  { feed }: Inputs,
  cut: Cut,
  samples: readonly KeyedSample[],
  batchSize: number,
): Promise<LabelledLogits[]> {
  const { tf, model, heads, signal } = training;
  const { mirror } = model;
  const onWait = (milliseconds: number) => {
    training.waited += milliseconds;
  };
  const outputs = await logitsOfAll({ tf, cut, feed, samples, mirror, batchSize, signal, onWait });
  const labels = samples.map(({ label }) => label);
  if (heads === undefined) {
    const logits = outputs.at(-1)!;
    return [{ classes: logits.length / labels.length, labels, logits }];
  }
  return heads.map(({ of, classes: { length } }, index) => {
    const rows = [...labels.keys()].filter((row) => of[labels[row]!]! >= 0);
    const logits = new Float32Array(rows.length * length);
    for (const [at, row] of rows.entries()) {
      logits.set(outputs[index]!.subarray(row * length, (row + 1) * length), at * length);
    }
    return { classes: length, labels: rows.map((row) => of[labels[row]!]!), logits };
  });
}

/** Logits stand in for probabilities where their order alone counts. */
function scored({ classes, labels, logits }: LabelledLogits) {
  return { classes, labels, probabilities: logits };
}

const top = (logits: LabelledLogits, count: number) => topAccuracy(scored(logits), count);
