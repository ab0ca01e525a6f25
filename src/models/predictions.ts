import type { Sample, ViewRole } from '../records.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import { type Cut, cutModel } from './cut.js';
import { logitsOfAll } from './epoch.js';
import { createFeed, keyedSamples } from './feed.js';
import { belowHeads } from './heads.js';
import { type Predictions, topClasses } from './metrics.js';
import { headOfTask, loadModel, type ModelMetadata } from './model-folder.js';
import { softmax } from './temperature.js';

/** A photo's probabilities as a line of RUN/predictions-<task>.jsonl. */
export interface PredictionRecord {
  imageId: string;
  path: string;
  /** Absent where samples were given and do not say it. */
  role?: ViewRole;
  label: string;
  predicted: string;
  /** The predicted class's. */
  probability: number;
  /** The five most probable classes, the first first. */
  top: { label: string; probability: number }[];
}

/** Classes of a record. */
export const TOP = 5;
const BATCH = 32;

export interface PredictOptions {
  tf: Tf;
  /** Those that are predicted. */
  samples: readonly Sample[];
  /** Pixels, or the features that the model's frozen base gives. */
  cache: TensorCache;
  signal: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** What one head of a loaded model says of samples, in their order; the logits of all outputs, [samples × classes], besides. */
export async function predictSamples(
  options: PredictOptions & { cut: Cut; metadata: ModelMetadata; head: ReturnType<typeof headOfTask> },
): Promise<{ outputs: Float32Array[]; predictions: Predictions; records: PredictionRecord[] }> {
  const { tf, cut, metadata, head, samples, cache, signal, onProgress } = options;
  const { classes, temperature, output } = head;
  const feed = createFeed(tf, cache, metadata.input.preprocessing);
  const keyed = keyedSamples(cache, samples, classes);
  const outputs = await logitsOfAll(
    { tf, cut, feed, samples: keyed, mirror: metadata.mirror, batchSize: BATCH, signal },
    (done) => onProgress?.(done, keyed.length),
  ).finally(() => feed.close());
  const predictions: Predictions = {
    classes: classes.length,
    labels: keyed.map(({ label }) => label),
    probabilities: softmax(outputs.at(output)!, classes.length, temperature),
  };
  return { outputs, predictions, records: predictionRecords(predictions, samples, classes) };
}

/**
 * What a saved model says of samples, in their order.
 * @param options.task whose head.
 * @throws {PipelineError} `NOT_FOUND`, `MODEL_INVALID`, `ABORTED`.
 */
export async function predictTask(
  options: PredictOptions & { task: string; folder: string },
): Promise<PredictionRecord[]> {
  const { tf, task, folder } = options;
  const { model, metadata } = await loadModel(tf, folder);
  const cut = cutModel(tf, model, belowHeads(model));
  try {
    const head = headOfTask(metadata, task);
    return (await predictSamples({ ...options, cut, metadata, head })).records;
  } finally {
    cut.dispose();
    model.dispose();
  }
}

function predictionRecords(
  predictions: Predictions,
  samples: readonly Sample[],
  classes: readonly string[],
): PredictionRecord[] {
  return samples.map(({ imageId, path, role, label }, row) => {
    const top = topClasses(predictions, row, Math.min(TOP, classes.length)).map((k) => ({
      label: classes[k]!,
      probability: predictions.probabilities[row * classes.length + k]!,
    }));
    const { label: predicted, probability } = top[0]!;
    return { imageId, path, ...(role !== undefined && { role }), label, predicted, probability, top };
  });
}
