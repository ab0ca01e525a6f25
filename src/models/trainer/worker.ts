import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { plainError, throwIfAborted } from '../../errors.js';
import { type EventBus, eventBus } from '../../events.js';
import type { TensorCache } from '../../sinks/tensor-cache/cache.js';
import { withCaches } from '../../sinks/tensor-cache/with-caches.js';
import type { StartedBackend } from '../backends/backend.js';
import { startBackend } from '../backends/index.js';
import type { CheckReport } from '../check/check.js';
import { checkTask } from '../check/task.js';
import { embedPhotos } from '../embedding.js';
import { evaluateTask } from '../evaluate.js';
import { fitTask } from '../fit.js';
import type { Stored } from '../inputs.js';
import { networkOf } from '../networks/index.js';
import { type PredictionRecord, predictTask } from '../predictions.js';
import { readPretrained } from '../weights/pretrained.js';
import type {
  CheckJob,
  EmbedJob,
  EmbedOutcome,
  EvaluateJob,
  EvaluateOutcome,
  FitJob,
  FitOutcome,
  FromTrainer,
  Job,
  Outcome,
  PredictJob,
  ToTrainer,
  TrainerData,
} from './jobs.js';

const port = parentPort!;
const say = (message: FromTrainer) => port.postMessage(message);
let started: Promise<StartedBackend> | undefined;
let controller = new AbortController();
let working: Promise<void> = Promise.resolve();

port.on('message', (message: ToTrainer) => {
  switch (message.type) {
    case 'job':
      working = work(message.job);
      break;
    case 'abort':
      controller.abort();
      break;
    case 'close':
      void working.then(end);
      break;
  }
});

async function end(): Promise<void> {
  try {
    await (await started)?.stop();
  } catch {
    // A backend that did not start, or whose device is lost, has nothing left to free.
  } finally {
    port.close();
  }
}

async function work(job: Job): Promise<void> {
  controller = new AbortController();
  try {
    started ??= startBackend((workerData as TrainerData).backend, {
      threads: availableParallelism(),
      warn: (text) => say({ type: 'event', event: { type: 'message', level: 'warning', text } }),
    });
    const backend = await started;
    throwIfAborted(controller.signal);
    const outcome = await outcomeOf(job, backend);
    say({ type: 'done', outcome });
  } catch (error) {
    say({ type: 'failed', error: plainError(error) });
  }
}

function outcomeOf(job: Job, backend: StartedBackend): Promise<Outcome> {
  switch (job.kind) {
    case 'fit':
      return fitJob(job, backend);
    case 'check':
      return checkJob(job, backend);
    case 'evaluate':
      return evaluateJob(job, backend);
    case 'predict':
      return predictJob(job, backend);
    case 'embed':
      return embedJob(job, backend);
  }
}

async function checkJob(job: CheckJob, { tf, name, device }: StartedBackend): Promise<CheckReport> {
  const { kind: _, cache: reference, weights, ...options } = job;
  const network = networkOf(job.model);
  const pretrained = weights === undefined ? undefined : await readPretrained(weights, network);
  const checks = await withCaches([reference], ([cache]) =>
    checkTask({
      ...options,
      tf,
      backend: name,
      network,
      cache: cache!,
      signal: controller.signal,
      events: sayingBus(),
      ...(pretrained && { pretrained }),
    }),
  );
  return { task: job.task, checks, backend: { name, device } };
}

async function fitJob(job: FitJob, { tf, name, device }: StartedBackend): Promise<FitOutcome> {
  const { kind: _, cache: reference, views = [], headFeatures, weights, ...options } = job;
  const network = networkOf(job.model);
  const pretrained = weights === undefined ? undefined : await readPretrained(weights, network);
  const events = sayingBus();
  const references = [reference, ...views];
  const ofHead = headFeatures === undefined ? [] : [headFeatures.cache, ...headFeatures.views];
  const train = await withCaches([...references, ...ofHead], (opened) =>
    fitTask({
      ...options,
      tf,
      backend: name,
      network,
      ...storedOf(opened.slice(0, references.length)),
      ...(ofHead.length > 0 && { headFeatures: storedOf(opened.slice(references.length)) }),
      signal: controller.signal,
      events,
      ...(pretrained && { pretrained }),
    }),
  );
  return { train, backend: { name, device } };
}

/** A bus whose events the main thread hears. */
function sayingBus(): EventBus {
  const events = eventBus();
  events.events.subscribe((event) => say({ type: 'event', event }));
  return events;
}

function storedOf([cache, ...views]: readonly TensorCache[]): Stored {
  return { cache: cache!, ...(views.length > 0 && { views }) };
}

function evaluateJob(job: EvaluateJob, { tf }: StartedBackend): Promise<EvaluateOutcome> {
  const { kind: _, cache: reference, pixels: photos, task, ...options } = job;
  const references = photos.path === reference.path ? [reference] : [reference, photos];
  return withCaches(references, ([cache, pixels = cache]) =>
    evaluateTask({
      ...options,
      task,
      tf,
      cache: cache!,
      pixels: pixels!,
      signal: controller.signal,
      onProgress: progressOf(`evaluate ${task}`),
    }),
  );
}

function predictJob(job: PredictJob, { tf }: StartedBackend): Promise<PredictionRecord[]> {
  const { kind: _, cache: reference, task, ...options } = job;
  const onProgress = progressOf(`predict ${task}`);
  return withCaches([reference], ([cache]) =>
    predictTask({ ...options, task, tf, cache: cache!, signal: controller.signal, onProgress }),
  );
}

function embedJob(
  { cache: reference, folder, photos }: EmbedJob,
  { tf }: StartedBackend,
): Promise<EmbedOutcome> {
  const onProgress = progressOf('embeddings');
  return withCaches([reference], ([cache]) =>
    embedPhotos({ tf, folder, cache: cache!, photos, signal: controller.signal, onProgress }),
  );
}

function progressOf(stage: string): (done: number, total: number) => void {
  return (done, total) =>
    say({ type: 'event', event: { type: 'progress', stage, done, total, unit: 'photos' } });
}
