import type { LayersModel, Tensor4D } from '@tensorflow/tfjs';
import type { Normalisation } from '../normalisation.js';
import type { Sample } from '../records.js';
import type { ClassMetrics, ExplainedPhoto, ScoredPhoto, SeenClass } from '../results.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import { createFeed, keyedSamples } from './feed.js';
import { type GradCamOptions, gradCam, type HeatMap } from './grad-cam.js';
import { mostConfident, plain } from './shown.js';

/** Photos that are shown of mistakes and of what is right. */
const PHOTOS = 6;
/** Photos with a heat map each that the backend has in hand at once. */
const BATCH = 4;

/**
 * Some photos and where the model sees classes in them: the most confident mistakes, of different pairs of classes, and of
 * the weakest classes what it is most sure about and has right.
 * @param options.records of the evaluated side's samples, in their order.
 * @param options.pixels the cache of the photos themselves.
 */
export async function explainedPhotos(
  tf: Tf,
  model: LayersModel,
  options: GradCamOptions & {
    records: readonly ScoredPhoto[];
    samples: readonly Sample[];
    classes: readonly string[];
    perClass: readonly ClassMetrics[];
    pixels: TensorCache;
    preprocessing: Normalisation;
    signal: AbortSignal;
  },
): Promise<ExplainedPhoto[]> {
  const { records, samples, classes, perClass, pixels, preprocessing, signal } = options;
  const chosen = [...tellingMistakes(records), ...tellingHits(records, perClass)];
  const sampleOf = new Map(records.map((record, row) => [record, samples[row]!]));
  // One for each class that is looked for in a photo.
  const looks = chosen.flatMap((record) =>
    [...new Set([record.predicted, record.label])].map((label) => ({ record, label })),
  );
  const keyed = keyedSamples(
    pixels,
    looks.map(({ record }) => sampleOf.get(record)!),
    classes,
  );
  const explain = gradCam(tf, model, options);
  const feed = createFeed(tf, pixels, preprocessing);
  const seen = new Map<ScoredPhoto, SeenClass[]>();
  let done = 0;
  try {
    for await (const { values, shape, size } of feed.batches(keyed, { batchSize: BATCH, signal })) {
      const some = looks.slice(done, done + size);
      const input = tf.tensor4d(Float32Array.from(values), shape as Tensor4D['shape']);
      const heat = await explain(
        input,
        some.map(({ label }) => classes.indexOf(label)),
      ).finally(() => input.dispose());
      for (const [index, { record, label }] of some.entries()) {
        seen.set(record, [...(seen.get(record) ?? []), { label, ...inBytes(heat[index]!) }]);
      }
      done += size;
    }
  } finally {
    await feed.close();
  }
  return chosen.map((record) => ({ ...plain(record), seen: seen.get(record)! }));
}

/** The most confident mistake of each pair of classes, the most confident pairs alone. */
function tellingMistakes(records: readonly ScoredPhoto[]): ScoredPhoto[] {
  const pairs = new Map<string, ScoredPhoto>();
  for (const record of records.filter(({ label, predicted }) => label !== predicted).sort(mostConfident)) {
    const pair = JSON.stringify([record.label, record.predicted]);
    if (!pairs.has(pair)) pairs.set(pair, record);
  }
  return [...pairs.values()].slice(0, PHOTOS);
}

/** What is right of the weakest classes that have something right: the photo of each that the model is most sure about. */
function tellingHits(records: readonly ScoredPhoto[], perClass: readonly ClassMetrics[]): ScoredPhoto[] {
  const hits = records.filter(({ label, predicted }) => label === predicted).sort(mostConfident);
  const weakest = [...perClass].sort((a, b) => a.f1 - b.f1 || (a.label < b.label ? -1 : 1));
  return weakest.flatMap(({ label }) => hits.find((hit) => hit.label === label) ?? []).slice(0, PHOTOS);
}

function inBytes({ height, width, values }: HeatMap): Omit<SeenClass, 'label'> {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * value));
  return { height, width, heat: Buffer.from(bytes).toString('base64') };
}
