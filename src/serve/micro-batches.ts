import { PipelineError } from '../errors.js';

/** Gathers what comes one by one into batches, since a network computes many photos faster than one after the other. */
export interface MicroBatches<In, Out> {
  /**
   * What the batch gave for this item. An item whose signal fires before its batch began takes no place in one.
   * @throws what `run` gave or threw for it; the reason of the signal.
   */
  submit(item: In, signal: AbortSignal): Promise<Out>;
}

interface Waiting<In, Out> {
  item: In;
  resolve(value: Out): void;
  reject(error: unknown): void;
}

/**
 * What comes while batches run is in the next. Only where one more may run is there a wait for company.
 * @param options.run a result or an error for each item, in their order.
 * @param options.size the most items of a batch.
 * @param options.waitMs how long the first item of a batch waits for others.
 * @param options.atOnce how many batches run at once.
 */
export function microBatches<In, Out>(options: {
  run(items: readonly In[]): Promise<readonly (Out | PipelineError)[]>;
  size: number;
  waitMs: number;
  atOnce: number;
}): MicroBatches<In, Out> {
  const { run, size, waitMs, atOnce } = options;
  const queue = new Set<Waiting<In, Out>>();
  let running = 0;
  let timer: NodeJS.Timeout | undefined;

  const work = async () => {
    clearTimeout(timer);
    timer = undefined;
    running += 1;
    while (queue.size > 0) {
      const batch = [...queue].slice(0, size);
      for (const one of batch) queue.delete(one);
      await settle(batch, run);
    }
    running -= 1;
  };
  const wake = () => {
    if (running >= atOnce) return;
    if (queue.size >= size) void work();
    else timer ??= setTimeout(() => void work(), waitMs);
  };

  return {
    submit: (item, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = () => {
          queue.delete(one);
          one.reject(signal.reason);
        };
        const settled =
          <T>(then: (value: T) => void) =>
          (value: T) => {
            signal.removeEventListener('abort', leave);
            then(value);
          };
        const one = { item, resolve: settled(resolve), reject: settled(reject) };
        signal.addEventListener('abort', leave, { once: true });
        queue.add(one);
        wake();
      }),
  };
}

async function settle<In, Out>(
  batch: readonly Waiting<In, Out>[],
  run: (items: readonly In[]) => Promise<readonly (Out | PipelineError)[]>,
): Promise<void> {
  try {
    const results = await run(batch.map(({ item }) => item));
    batch.forEach(({ resolve, reject }, place) => {
      const result = results[place]!;
      if (result instanceof PipelineError) reject(result);
      else resolve(result);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
