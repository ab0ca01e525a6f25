import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { PipelineError, throwIfAborted } from './errors.js';

/** Bounds the bytes of everything that is in flight; whoever wants room waits in line. */
export interface ByteBudget {
  readonly total: number;
  readonly used: number;
  /**
   * Waits for room and returns the function that gives it back (safe to call twice). A request larger than the
   * whole budget is let through alone, so that one big record cannot deadlock a run.
   */
  acquire(bytes: number, signal: AbortSignal): Promise<() => void>;
  /** Room at once, or undefined when there is none or others wait for it. */
  tryAcquire(bytes: number): (() => void) | undefined;
}

interface Waiter {
  bytes: number;
  admit: () => void;
}

/** @param total bytes; positive. */
export function byteBudget(total: number): ByteBudget {
  let used = 0;
  const line: Waiter[] = [];
  const fits = (bytes: number) => used === 0 || used + bytes <= total;
  const take = (bytes: number) => {
    used += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      used -= bytes;
      while (line.length > 0 && fits(line[0]!.bytes)) line.shift()!.admit();
    };
  };
  const tryAcquire = (bytes: number) => (line.length === 0 && fits(bytes) ? take(bytes) : undefined);
  return {
    total,
    get used() {
      return used;
    },
    tryAcquire,
    async acquire(bytes, signal) {
      throwIfAborted(signal);
      const release = tryAcquire(bytes);
      if (release !== undefined) return release;
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          line.splice(line.indexOf(waiter), 1);
          reject(new PipelineError('ABORTED', 'Cancelled', { cause: signal.reason }));
        };
        const waiter: Waiter = {
          bytes,
          admit: () => {
            signal.removeEventListener('abort', onAbort);
            resolve(take(bytes));
          },
        };
        signal.addEventListener('abort', onAbort, { once: true });
        line.push(waiter);
      });
    },
  };
}

export interface MapOptions<In> {
  /** How many calls run at once, at least 1. */
  concurrency: number;
  /** How many results may be started and not yet consumed; default twice the concurrency. */
  window?: number;
  signal: AbortSignal;
  /** Bytes that a record holds from its start until its result was consumed, taken from `budget`. */
  budget?: ByteBudget;
  bytes?: (record: In) => number;
}

/**
 * Maps a stream through an asynchronous function, several calls at once, results in the order of the source.
 * p-limit's own queue is unbounded, so nothing is handed to it before there is room in the window: the source is
 * never read more than `window` records ahead of the consumer. An error has its turn too, a record's and the source's: what
 * came before it is given first. On an error, a break or an abort no further call is
 * started, those under way are waited for, and the source is closed.
 */
export async function* mapOrdered<In, Out>(
  source: AsyncIterable<In>,
  map: (record: In) => Promise<Out>,
  options: MapOptions<In>,
): AsyncGenerator<Out> {
  const { concurrency, signal, budget, bytes } = options;
  const window = Math.max(options.window ?? 2 * concurrency, concurrency);
  const limit = pLimit(concurrency);
  const iterator = source[Symbol.asyncIterator]();
  const started: { result: Promise<Out>; release: () => void }[] = [];
  const running = new Set<Promise<Out>>();
  let read: { record: In } | undefined;
  let ended = false;
  let failure: { error: unknown } | undefined;

  const next = async (): Promise<void> => {
    try {
      const { done, value } = await iterator.next();
      if (done) ended = true;
      else read = { record: value };
    } catch (error) {
      ended = true;
      failure = { error };
    }
  };
  const run = (record: In) => {
    const result = map(record);
    running.add(result);
    const finished = () => void running.delete(result);
    result.then(finished, finished);
    return result;
  };
  const room = (record: In): (() => void) | undefined | Promise<() => void> => {
    const size = bytes?.(record) ?? 0;
    if (budget === undefined || size === 0) return () => {};
    // While results wait for our own consumer, waiting for room that only it can give back would be a deadlock.
    return started.length > 0 ? budget.tryAcquire(size) : budget.acquire(size, signal);
  };

  try {
    while (true) {
      while (started.length < window) {
        throwIfAborted(signal);
        if (read === undefined && !ended) await next();
        if (read === undefined) break;
        const release = await room(read.record);
        if (release === undefined) break;
        const { record } = read;
        read = undefined;
        const result = limit(run, record);
        // It is awaited in its turn; until then a failure must not count as unhandled.
        result.catch(() => {});
        started.push({ result, release });
      }
      const oldest = started.shift();
      if (oldest === undefined) {
        if (failure !== undefined) throw failure.error;
        return;
      }
      try {
        yield await oldest.result;
      } finally {
        oldest.release();
      }
    }
  } finally {
    limit.clearQueue();
    await Promise.allSettled(running);
    for (const { release } of started) release();
    await iterator.return?.();
  }
}

/**
 * Works on records, several at once, in no order of their ends. The first that fails ends the others by the signal that they
 * are given; its error is thrown once all have ended.
 */
export async function forEachAtOnce<In>(
  records: Iterable<In>,
  work: (record: In, signal: AbortSignal) => Promise<void>,
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  // Each of them may listen; Node warns of more than ten.
  setMaxListeners(0, either);
  const waiting = records[Symbol.iterator]();
  const lane = async () => {
    try {
      for (let next = waiting.next(); !next.done; next = waiting.next()) {
        throwIfAborted(either);
        await work(next.value, either);
      }
    } catch (error) {
      // Only the first reason stays.
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  throwIfAborted(signal);
  if (failed.signal.aborted) throw failed.signal.reason;
}
