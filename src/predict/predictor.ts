import { availableParallelism } from 'node:os';
import { mapOrdered } from '../concurrency.js';
import { PipelineError, revivedError, throwIfAborted } from '../errors.js';
import {
  type PhotoSource,
  type PixelPool,
  type PixelResult,
  type PixelTarget,
  pixelPool,
  type ResizedPhoto,
} from '../kernels/pixel-pool.js';
import type { BackendChoice } from '../models/backends/backend.js';
import type { HeatMap } from '../models/grad-cam.js';
import { chunks, collect, iterate } from '../streams.js';
import { type ThreadPool, threadPool } from '../thread-pool.js';
import type { PredictAnswer, PredictJob, PredictThreadData, TaskOutputs } from './jobs.js';
import { inputsOf, modelsAt, type PredictedTask, placeOf, taskOf, tasksOf } from './models.js';

export type { PredictedTask } from './models.js';

/** Photos a job: enough to keep a backend busy, few enough that early layers stay in the processor's cache. */
const PHOTOS_A_JOB = 4;

/** What one task's model says of one photo. */
export interface TaskPrediction {
  /** The most probable class. */
  className: string;
  /** Its calibrated probability, 0..1. */
  probability: number;
  /** Of all classes, in the task's order; they sum to 1. */
  probabilities: Float64Array;
  /** The vector that the head reads, not normalised; of a model that averages with mirror images, the mean of both. */
  embedding: Float32Array;
}

export interface PhotoPrediction {
  /** Of the file's bytes, hex. */
  sha256: string;
  /** The photo's own size in pixels. */
  width: number;
  height: number;
  /** By name, in the order of the predictor's. */
  tasks: ReadonlyMap<string, TaskPrediction>;
}

/** Trained models that are ready to look at photos. */
export interface Predictor {
  readonly tasks: readonly PredictedTask[];
  /** What computes. */
  readonly backend: { name: string; device: string };
  /**
   * Decodes photos as the models' caches did, and asks every model.
   * @param photos files' bytes, or their places, as `src/place.ts` writes them.
   * @returns in their order; of a photo that cannot be read or decoded what is wrong with it: `NOT_FOUND`, `IMAGE_EMPTY`,
   * `IMAGE_NOT_AN_IMAGE`, `IMAGE_TOO_LARGE`, `IMAGE_DAMAGED`.
   * @throws {PipelineError} `ABORTED`, `WORKER_CRASHED`, `DEVICE_FAILED`, `DEVICE_LOST`: what is no photo's fault.
   */
  predict(
    photos: readonly PhotoSource[],
    options: { signal: AbortSignal },
  ): Promise<(PhotoPrediction | PipelineError)[]>;
  /**
   * Where in a photo a task's model sees a class: Grad-CAM over the photo as the model takes it, which is `input.fit` of it.
   * @param options.className default: the class that it predicts.
   * @throws {PipelineError} as `predict`, and what is wrong with the photo; `NOT_FOUND` for a task or class that it has not.
   */
  explain(
    photo: PhotoSource,
    options: { task: string; className?: string; signal: AbortSignal },
  ): Promise<HeatMap>;
  /** Ends the threads; what is under way fails. */
  close(): Promise<void>;
}

/**
 * Opens trained models: of RUN/model, of a run, or one model's own folder. Decoding and computing go on in threads, so that
 * the caller's stays free.
 * @param options.threads how many compute, and how many decode; default: as many as the processor has. Each computing thread
 * holds the models once.
 * @throws {PipelineError} `NOT_FOUND`, `USAGE` where two models name one task, `MODEL_INVALID`, `BACKEND_UNAVAILABLE`,
 * `ABORTED`.
 */
export async function openPredictor(options: {
  model: string;
  backend: BackendChoice;
  threads?: number;
  signal: AbortSignal;
}): Promise<Predictor> {
  const { model, backend, threads = availableParallelism(), signal } = options;
  const models = await modelsAt(model);
  const tasks = models.flatMap(tasksOf);
  const { targets, inputs } = inputsOf(models);
  const pixels = pixelPool({ workers: threads });
  const pool = threadPool<PredictJob, PredictAnswer>({
    module: new URL('./worker.js', import.meta.url),
    workers: threads,
    work: 'predict',
    data: { folders: models.map(({ folder }) => folder), inputs, backend } satisfies PredictThreadData,
  });
  const close = async () => {
    await Promise.all([pixels.close(), pool.close()]);
  };
  try {
    const started = await answerTo(pool, { kind: 'start' }, 'started', signal);
    return {
      tasks,
      backend: started.backend,
      async predict(photos, { signal: own }) {
        const jobs = mapOrdered(
          chunks(iterate(photos), PHOTOS_A_JOB),
          (some) => predictSome({ some, tasks, targets, pixels, pool, signal: own }),
          { concurrency: 2 * threads, signal: own },
        );
        return (await collect(jobs)).flat();
      },
      async explain(photo, { task, className, signal: own }) {
        const { classes } = taskOf(tasks, task);
        throwIfAborted(own);
        const [decoded] = await pixels.resize([photo], targets);
        if ('fault' in decoded!) throw faultOf(decoded.fault);
        const photos = decoded!.value.pixels.map((one) => one!);
        const predicted = async () => {
          const all = photos.map((one) => [one]);
          const { tasks: outputs } = await answerTo(pool, { kind: 'predict', pixels: all }, 'predicted', own);
          return largest(outputs.get(task)!.probabilities);
        };
        const at = className === undefined ? await predicted() : placeOf(classes, className, task);
        const job = { kind: 'explain', task, at, pixels: photos } as const;
        return (await answerTo(pool, job, 'explained', own)).map;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function largest(values: Float64Array): number {
  return values.reduce((top, value, index) => (value > values[top]! ? index : top), 0);
}

async function predictSome(options: {
  some: readonly PhotoSource[];
  tasks: readonly PredictedTask[];
  targets: readonly PixelTarget[];
  pixels: PixelPool;
  pool: ThreadPool<PredictJob, PredictAnswer>;
  signal: AbortSignal;
}): Promise<(PhotoPrediction | PipelineError)[]> {
  const { some, tasks, targets, pixels, pool, signal } = options;
  const decoded = await pixels.resize(some, targets);
  const whole = decoded.flatMap((result) => ('value' in result ? [result.value] : []));
  const outputs = whole.length === 0 ? new Map() : await outputsOf(pool, whole, targets.length, signal);
  for (const photo of whole) pixels.giveBack(photo.pixels);
  let row = 0;
  return decoded.map((result) => {
    if ('fault' in result) return faultOf(result.fault);
    const { sha256, width, height } = result.value;
    const prediction = { sha256, width, height, tasks: predictionsAt(row, tasks, outputs) };
    row += 1;
    return prediction;
  });
}

function faultOf({
  code,
  message,
}: Extract<PixelResult<unknown>, { fault: unknown }>['fault']): PipelineError {
  return new PipelineError(code, message, { stage: 'decode' });
}

async function outputsOf(
  pool: ThreadPool<PredictJob, PredictAnswer>,
  photos: readonly ResizedPhoto[],
  targets: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TaskOutputs>> {
  const pixels = Array.from({ length: targets }, (_, target) => photos.map((photo) => photo.pixels[target]!));
  return (await answerTo(pool, { kind: 'predict', pixels }, 'predicted', signal)).tasks;
}

function predictionsAt(
  row: number,
  tasks: readonly PredictedTask[],
  outputs: ReadonlyMap<string, TaskOutputs>,
): Map<string, TaskPrediction> {
  return new Map(
    tasks.map(({ name, classes }) => {
      const { probabilities: all, embeddings } = outputs.get(name)!;
      const length = (embeddings.length * classes.length) / all.length;
      const probabilities = all.slice(row * classes.length, (row + 1) * classes.length);
      const best = largest(probabilities);
      const embedding = embeddings.slice(row * length, (row + 1) * length);
      return [
        name,
        { className: classes[best]!, probability: probabilities[best]!, probabilities, embedding },
      ];
    }),
  );
}

/** A job is not broken off, which would end its thread in a native library's midst: it is short, and nobody waits for it. */
async function answerTo<Kind extends PredictAnswer['kind']>(
  pool: ThreadPool<PredictJob, PredictAnswer>,
  job: PredictJob,
  kind: Kind,
  signal: AbortSignal,
): Promise<Extract<PredictAnswer, { kind: Kind }>> {
  throwIfAborted(signal);
  const answer = await unlessAborted(pool.run(job), signal);
  if (answer.kind === 'failed') throw revivedError(answer.error);
  if (answer.kind === kind) return answer as Extract<PredictAnswer, { kind: Kind }>;
  throw new PipelineError('INTERNAL', `Expected ${kind} but received ${answer.kind}`);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new PipelineError('ABORTED', 'Cancelled', { cause: signal.reason }));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
