import { ROLES, type Sample, type Side, type ViewRole } from '../records.js';
import type { EvaluationResult, PartResult } from '../results.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import { accuracyInterval, macroF1Interval } from './bootstrap.js';
import { calibrationOf } from './calibration.js';
import { cutModel } from './cut.js';
import { explainedPhotos } from './explained.js';
import { belowHeads } from './heads.js';
import {
  cohenKappa,
  confusionMatrix,
  logLoss,
  macroF1,
  naturalAccuracy,
  type Predictions,
  perClassMetrics,
  predictedClasses,
  topAccuracy,
  weightedF1,
} from './metrics.js';
import { headOfTask, loadModel } from './model-folder.js';
import { type PredictionRecord, predictSamples, TOP } from './predictions.js';
import { mistakesOf, rightOf } from './shown.js';
import { softmax } from './temperature.js';
import { treeResult } from './tree-metrics.js';

/**
 * Scores a saved model on one side of a task's samples.
 * @param options.cache pixels, or the features that the model's frozen base gives.
 * @param options.natural photos a class before the cap.
 * @throws {PipelineError} `NOT_FOUND`, `MODEL_INVALID`, `ABORTED`.
 */
export async function evaluateTask(options: {
  tf: Tf;
  /** Whose head, where tasks share a trunk; absent: the model’s one. */
  task?: string;
  folder: string;
  /** Those of the side. */
  samples: readonly Sample[];
  /** Paths of those that have a twin on another side. */
  twins: readonly string[];
  side: Side;
  cache: TensorCache;
  /** The photos themselves, to find out where classes are seen in some; absent: in none. */
  pixels?: TensorCache;
  natural: Readonly<Record<string, number>>;
  seed: number;
  signal: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}): Promise<{ result: EvaluationResult; predictions: PredictionRecord[] }> {
  const { tf, task, folder, samples, twins, side, pixels, natural, seed, signal } = options;
  const { model, metadata } = await loadModel(tf, folder);
  const cut = cutModel(tf, model, belowHeads(model));
  try {
    const { input, mirror, branches = [] } = metadata;
    const head = headOfTask(metadata, task ?? metadata.task);
    const { classes, levels = [], output } = head;
    const { outputs, predictions, records } = await predictSamples({ ...options, cut, metadata, head });
    const untempered = { ...predictions, probabilities: softmax(outputs.at(output)!, classes.length) };
    const scores = score(predictions, { classes, samples, side, natural, seed });
    return {
      result: {
        ...scores,
        mistakes: mistakesOf(records, { classes, levels }),
        right: rightOf(records),
        explained:
          pixels === undefined
            ? []
            : await explainedPhotos(tf, model, {
                records,
                samples,
                classes,
                perClass: scores.perClass,
                pixels,
                preprocessing: input.preprocessing,
                output,
                ...(mirror && { mirror }),
                signal,
              }),
        eceBefore: calibrationOf(untempered).ece,
        ...withoutTwins(predictions, { samples, twins: new Set(twins), seed }),
        ...byRole(predictions, { samples, seed }),
        ...(levels.length > 0 && {
          tree: treeResult(
            predictions,
            levels,
            branches.map((level, index) => ({ level, scores: outputs[index]! })),
          ),
        }),
      },
      predictions: records,
    };
  } finally {
    cut.dispose();
    model.dispose();
  }
}

function score(
  predictions: Predictions,
  options: {
    classes: string[];
    samples: readonly Sample[];
    side: Side;
    natural: Readonly<Record<string, number>>;
    seed: number;
  },
): Omit<EvaluationResult, 'eceBefore' | 'mistakes' | 'right' | 'explained'> {
  const { classes, samples, side, natural, seed } = options;
  const confusion = confusionMatrix(predictions);
  const perClass = perClassMetrics(confusion, classes);
  const predicted = predictedClasses(predictions);
  const correct = samples.map((_, row) => predicted[row] === predictions.labels[row]);
  const components = samples.map(({ component }) => component);
  return {
    side,
    classes,
    samples: samples.length,
    accuracy: topAccuracy(predictions, 1),
    accuracyInterval: accuracyInterval(correct, components, { seed }),
    naturalAccuracy: naturalAccuracy(perClass, natural),
    top5: topAccuracy(predictions, TOP),
    macroF1: macroF1(confusion),
    macroF1Interval: macroF1Interval(
      { labels: predictions.labels, predicted, classes: classes.length },
      components,
      { seed },
    ),
    weightedF1: weightedF1(perClass),
    kappa: cohenKappa(confusion),
    calibration: calibrationOf(predictions),
    loss: logLoss(predictions),
    perClass,
    confusion,
  };
}

/** The figures on those samples that have no twin on another side; nothing where none has one. */
function withoutTwins(
  predictions: Predictions,
  { samples, twins, seed }: { samples: readonly Sample[]; twins: ReadonlySet<string>; seed: number },
): Pick<EvaluationResult, 'withoutTwins'> {
  const rows = [...samples.keys()].filter((row) => !twins.has(samples[row]!.path));
  if (rows.length === samples.length) return {};
  return { withoutTwins: partResult(predictions, rows, { samples, seed }) };
}

/** The figures on main photos and on others; nothing where there are not both. */
function byRole(
  predictions: Predictions,
  { samples, seed }: { samples: readonly Sample[]; seed: number },
): Pick<EvaluationResult, 'byRole'> {
  const rowsOf = (role: ViewRole) => [...samples.keys()].filter((row) => samples[row]!.role === role);
  const parts = ROLES.map((role) => [role, rowsOf(role)] as const);
  if (parts.some(([, rows]) => rows.length === 0)) return {};
  const results = parts.map(([role, rows]) => [role, partResult(predictions, rows, { samples, seed })]);
  return { byRole: Object.fromEntries(results) as Record<ViewRole, PartResult> };
}

function partResult(
  { classes, labels, probabilities }: Predictions,
  rows: readonly number[],
  { samples, seed }: { samples: readonly Sample[]; seed: number },
): PartResult {
  const part: Predictions = {
    classes,
    labels: rows.map((row) => labels[row]!),
    probabilities: rows.flatMap((row) =>
      Array.from({ length: classes }, (_, k) => probabilities[row * classes + k]!),
    ),
  };
  const predicted = predictedClasses(part);
  const correct = rows.map((_, at) => predicted[at] === part.labels[at]);
  const components = rows.map((row) => samples[row]!.component);
  return {
    samples: rows.length,
    accuracy: topAccuracy(part, 1),
    accuracyInterval: accuracyInterval(correct, components, { seed }),
    macroF1: macroF1(confusionMatrix(part)),
  };
}
