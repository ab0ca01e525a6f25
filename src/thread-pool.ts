import { setMaxListeners } from 'node:events';
import { Piscina } from 'piscina';
import { PipelineError } from './errors.js';

/** Threads that all run one module; a job goes to the next that is free. */
export interface ThreadPool<Job, Result> {
  /**
   * A job whose thread dies (or throws what is no error of ours) is done again, once, by a thread in its place.
   * @throws {PipelineError} `WORKER_CRASHED` naming the job when that fails too, what a thread that could not start
   * says was missing, `ABORTED` when the signal fires.
   */
  run(job: Job, options?: { signal?: AbortSignal }): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Starts the threads.
 * @param options.module address of the module; its default export does a job.
 * @param options.work what the threads do, for people: `decode photos`.
 * @param options.jobsAThread how many jobs a thread is handed at once, to be done one after the other; default 1.
 * @param options.data what each thread is started with.
 * @param options.describe a job's name for people, such as its files.
 * @param options.message what a thread is sent for a job, with the memory that is handed over to it; made anew when the
 * job is done again. Default: the job.
 */
export function threadPool<Job, Result>(options: {
  module: URL;
  workers: number;
  jobsAThread?: number;
  work: string;
  data?: unknown;
  describe?(job: Job): string;
  message?(job: Job): { message: unknown; transfer: readonly ArrayBuffer[] };
}): ThreadPool<Job, Result> {
  const { module, workers, work, data, describe } = options;
  const messageOf = options.message ?? ((job: Job) => ({ message: job, transfer: [] }));
  const pool = new Piscina({
    filename: new URL('./thread-entry.cjs', import.meta.url).href,
    argv: [module.href],
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: options.jobsAThread ?? 1,
    ...(data !== undefined && { workerData: data }),
  });
  const crashed = (job: Job, times: string, cause: unknown) =>
    new PipelineError('WORKER_CRASHED', `Expected a thread to ${work} but it failed${times}`, {
      ...(describe && { key: describe(job) }),
      hint: 'Run the same command again: finished work is kept. Fewer --workers need less memory.',
      cause,
    });
  // A thread that dies before it took a job says so here, and would leave its job waiting for ever.
  const dead = new AbortController();
  // Every job under way listens to it.
  setMaxListeners(0, dead.signal);
  pool.on('error', (error: unknown) => dead.abort(error));
  // One that ends itself then says nothing, and is not replaced.
  let closing = false;
  pool.on('workerDestroy', () => {
    setImmediate(() => {
      if (!closing && pool.threads.length === 0) dead.abort(new Error('it ended before it could start'));
    });
  });
  return {
    async run(job, { signal } = {}) {
      const either = signal === undefined ? dead.signal : AbortSignal.any([signal, dead.signal]);
      for (let attempt = 1; ; attempt++) {
        try {
          const { message, transfer } = messageOf(job);
          return (await pool.run(message, { signal: either, transferList: [...transfer] })) as Result;
        } catch (error) {
          if (signal?.aborted) throw new PipelineError('ABORTED', 'Cancelled', { cause: error });
          const cause: unknown = dead.signal.aborted ? dead.signal.reason : error;
          const known = ours(cause);
          if (known !== undefined) throw known;
          if (dead.signal.aborted || closing) throw crashed(job, '', cause);
          if (attempt === 2) throw crashed(job, ' twice', cause);
        }
      }
    },
    async close() {
      closing = true;
      await pool.destroy();
    },
  };
}

/** Our own error as it arrives from a thread: with its properties but not its class. */
function ours(error: unknown): PipelineError | undefined {
  if (!(error instanceof Error) || error.name !== 'PipelineError') return undefined;
  const { code, message, hint } = error as PipelineError;
  return new PipelineError(code, message, {
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}
