import { Worker } from 'node:worker_threads';
import { PipelineError, revivedError } from '../../errors.js';
import type { EventBus } from '../../events.js';
import type { BackendChoice } from '../backends/backend.js';
import type { CheckReport } from '../check/check.js';
import type { PredictionRecord } from '../predictions.js';
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
  PredictJob,
  ToTrainer,
  TrainerData,
} from './jobs.js';

/** How long a step may go on after it was asked to stop: then nobody waits for it any more. */
const STOP_GRACE_MS = 1000;
/** How long an idle backend may take to free what it holds: then its thread is ended. */
const CLOSE_GRACE_MS = 2000;

export interface JobContext {
  signal: AbortSignal;
  events: EventBus;
}

/** A backend in a thread of its own, so that the main thread stays alive during a long step. */
export interface TrainerThread {
  fit(job: FitJob, context: JobContext): Promise<FitOutcome>;
  check(job: CheckJob, context: JobContext): Promise<CheckReport>;
  evaluate(job: EvaluateJob, context: JobContext): Promise<EvaluateOutcome>;
  /** In the order of the samples. */
  predict(job: PredictJob, context: JobContext): Promise<PredictionRecord[]>;
  embed(job: EmbedJob, context: JobContext): Promise<EmbedOutcome>;
  close(): Promise<void>;
}

/**
 * The thread starts with the first job, and its backend with it: a run with nothing to do needs neither. Jobs run one
 * after the other. Its methods throw what the job threw, `WORKER_CRASHED` when the thread dies, `ABORTED` when the
 * signal fires: a step that goes on nevertheless is left to itself, because to end a thread while a native library
 * works in it takes the whole process down. Its thread ends with that step.
 */
export function trainerThread(backend: BackendChoice): TrainerThread {
  let worker: Worker | undefined;
  const run = async (job: Job, context: JobContext): Promise<unknown> => {
    worker ??= new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { backend } satisfies TrainerData,
    });
    const current = worker;
    try {
      return await outcomeOf(current, job, context);
    } catch (error) {
      // A thread that died, or that is still at work, takes no further job.
      if (error instanceof PipelineError && ['ABORTED', 'WORKER_CRASHED'].includes(error.code)) {
        send(current, { type: 'close' });
        worker = undefined;
      }
      throw error;
    }
  };
  return {
    fit: (job, context) => run(job, context) as Promise<FitOutcome>,
    check: (job, context) => run(job, context) as Promise<CheckReport>,
    evaluate: (job, context) => run(job, context) as Promise<EvaluateOutcome>,
    predict: (job, context) => run(job, context) as Promise<PredictionRecord[]>,
    embed: (job, context) => run(job, context) as Promise<EmbedOutcome>,
    async close() {
      if (worker !== undefined) await closeIdle(worker);
      worker = undefined;
    },
  };
}

function closeIdle(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => void worker.terminate(), CLOSE_GRACE_MS);
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    send(worker, { type: 'close' });
  });
}

function outcomeOf(worker: Worker, job: Job, { signal, events }: JobContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const cancelled = () => new PipelineError('ABORTED', 'Cancelled', { cause: signal.reason });
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      worker.off('message', onMessage).off('error', onDeath).off('exit', onExit);
      then();
    };
    const onAbort = () => {
      send(worker, { type: 'abort' });
      timer = setTimeout(() => settle(() => reject(cancelled())), STOP_GRACE_MS);
    };
    const onMessage = (message: FromTrainer) => {
      switch (message.type) {
        case 'event':
          events.emit(message.event);
          break;
        case 'done':
          settle(() => resolve(message.outcome));
          break;
        case 'failed':
          settle(() => reject(signal.aborted ? cancelled() : revivedError(message.error)));
          break;
      }
    };
    const onDeath = (cause: unknown) => settle(() => reject(signal.aborted ? cancelled() : crashed(cause)));
    const onExit = (code: number) => onDeath(new Error(`the thread ended with status ${code}`));
    worker.on('message', onMessage).on('error', onDeath).on('exit', onExit);
    if (signal.aborted) return settle(() => reject(cancelled()));
    signal.addEventListener('abort', onAbort, { once: true });
    send(worker, { type: 'job', job });
  });
}

function send(worker: Worker, message: ToTrainer): void {
  worker.postMessage(message);
}

function crashed(cause: unknown): PipelineError {
  return new PipelineError('WORKER_CRASHED', 'Expected the trainer’s thread to finish its job but it died', {
    hint: 'Run the same command again: finished work is kept. A smaller model.batchSize needs less memory.',
    cause,
  });
}
