import { Worker } from 'node:worker_threads';
import { PipelineError, type PlainError, revivedError } from '../errors.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { ReaderData, ReaderJob, ReaderMessage } from './worker.js';

/** What reads one cache for one stream after the other: threads, and the memory of the ring. */
export interface Readers {
  /** 0: the calling thread reads. */
  readonly workers: number;
  /** Ends the threads and frees the ring. A stream that has not ended fails when it is asked for more (`USAGE`). */
  close(): Promise<void>;
}

/** What a stream hears of the threads that work for it. */
export interface JobEvents {
  full(batch: number): void;
  failed(error: unknown): void;
  /** A thread is no more, and says nothing of what it was at. */
  died(error: PipelineError): void;
  /** The threads are to end. */
  closed(error: PipelineError): void;
}

/** Readers as a stream uses them. */
export interface ReaderThreads extends Readers {
  /** @throws {PipelineError} `USAGE` unless they were opened for this cache, and are open. */
  assertFor(cache: Pick<TensorCache, 'path' | 'file'>): void;
  /**
   * Lends the ring's memory, that of the stream before where it has this size, until `giveBack`.
   * @throws {PipelineError} `USAGE` while another stream has it, and where there is not so much memory.
   */
  lend(slots: number, bytes: number): Uint8Array[];
  giveBack(): void;
  /** Starts to work for the stream that has the memory; gives the promise of the threads' being free again. */
  work(job: ReaderJob, events: JobEvents): Promise<void>;
  /** Starts a thread in the place of each that died. */
  replaceDead(): void;
  /** Whether they keep the process alive: only while somebody waits for them. */
  holdProcess(hold: boolean): void;
}

/**
 * Starts threads that read a cache. Several streams, one after the other, spare each the start of its own threads and
 * the system's clearing of its memory, which costs as much as a third of what copying photos into it does. A batch's
 * values are valid until the next stream begins at the latest.
 * @param workers 0 or more; with 0 the calling thread reads, and the memory alone is kept.
 */
export function openReaders(
  cache: Pick<TensorCache, 'path' | 'identity' | 'file'>,
  workers: number,
): Readers {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new PipelineError('USAGE', `Expected a number of reading threads but received ${workers}`);
  }
  const workerData: ReaderData = { path: cache.path, identity: cache.identity, file: cache.file };
  let current: { events: JobEvents; busy: Set<Worker>; free: () => void } | undefined;
  let closed = false;
  let lent = false;
  let holding = false;
  let kept: Uint8Array[] = [];
  const idle = (thread: Worker) => {
    if (current === undefined) return;
    current.busy.delete(thread);
    if (current.busy.size > 0) return;
    current.free();
    current = undefined;
  };
  const alive = new Set<Worker>();
  const gone: Promise<void>[] = [];
  const start = () => {
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    let cause: unknown;
    thread.on('message', (message: ReaderMessage) => {
      if ('full' in message) current?.events.full(message.full);
      else if ('failure' in message) current?.events.failed(failed(message.failure));
      else idle(thread);
    });
    thread.on('error', (error) => {
      cause = error;
    });
    const exited = new Promise<void>((resolve) => {
      thread.once('exit', (status) => {
        alive.delete(thread);
        if (!closed) current?.events.died(crashed(cause ?? new Error(`it ended with status ${status}`)));
        // It is not going to say so any more.
        idle(thread);
        resolve();
      });
    });
    if (!holding) thread.unref();
    alive.add(thread);
    gone.push(exited);
  };
  const replaceDead = () => {
    while (alive.size < workers) start();
  };
  replaceDead();
  const readers: ReaderThreads = {
    workers,
    assertFor({ path, file }) {
      if (closed) throw isClosed();
      if (path === cache.path && file === cache.file) return;
      throw new PipelineError('USAGE', `Expected readers of ${path} but received those of ${cache.path}`);
    },
    lend(slots, bytes) {
      if (lent) {
        throw new PipelineError('USAGE', 'Expected the readers to be free but another stream has them', {
          hint: 'End that stream first, or open readers for each.',
        });
      }
      replaceDead();
      lent = true;
      if (kept[0]?.length !== bytes) kept = [];
      try {
        while (kept.length < slots) {
          kept.push(new Uint8Array(workers === 0 ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes)));
        }
      } catch (cause) {
        kept = [];
        lent = false;
        throw new PipelineError(
          'USAGE',
          `Expected batches that fit into memory but received ${slots} of ${bytes} bytes`,
          { hint: 'A smaller batchSize, height or width, and fewer buffers, take less.', cause },
        );
      }
      return kept.slice(0, slots);
    },
    giveBack() {
      lent = false;
    },
    work(job, events) {
      return new Promise((resolve) => {
        current = { events, busy: new Set(alive), free: resolve };
        for (const thread of alive) thread.postMessage(job);
      });
    },
    replaceDead,
    holdProcess(hold) {
      holding = hold;
      for (const thread of alive)
        if (hold) thread.ref();
        else thread.unref();
    },
    async close() {
      closed = true;
      kept = [];
      // Its threads may wait for room that a stream which was forgotten never gives them.
      current?.events.closed(isClosed());
      for (const thread of alive) {
        thread.ref();
        thread.postMessage(undefined);
      }
      await Promise.all(gone);
    },
  };
  return readers;
}

function failed(failure: PlainError): PipelineError {
  const error = revivedError(failure);
  if (error.code !== 'INTERNAL') return error;
  return new PipelineError('WORKER_CRASHED', `Expected a thread to read batches but: ${error.message}`, {
    cause: error.cause,
  });
}

const isClosed = () => new PipelineError('USAGE', 'Expected open readers but received closed ones');

const crashed = (cause: unknown) =>
  new PipelineError('WORKER_CRASHED', 'Expected a thread to read batches but it failed', {
    hint: 'Try again; fewer workers need less memory.',
    cause,
  });
