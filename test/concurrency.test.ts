import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteBudget, forEachAtOnce, mapOrdered } from '#src/concurrency.js';
import { collect, stream } from './context.js';

const { signal } = new AbortController();

describe('mapOrdered', () => {
  it('keeps the order and bounds concurrency, window and bytes for any of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 20 }),
        async (delays, concurrency, window, total) => {
          const budget = byteBudget(total);
          let running = 0;
          let peak = 0;
          let read = 0;
          let consumed = 0;
          async function* source() {
            for (const [index, delay] of delays.entries()) {
              read += 1;
              expect(read - consumed).toBeLessThanOrEqual(Math.max(window, concurrency) + 2);
              yield { index, delay };
            }
          }
          const results = mapOrdered(
            source(),
            async ({ index, delay }) => {
              running += 1;
              peak = Math.max(peak, running);
              for (let i = 0; i < delay; i++) await Promise.resolve();
              running -= 1;
              return index;
            },
            { concurrency, window, signal, budget, bytes: ({ delay }) => delay },
          );
          const seen: number[] = [];
          for await (const index of results) {
            consumed += 1;
            seen.push(index);
            expect(budget.used).toBeLessThanOrEqual(Math.max(total, 5));
          }
          expect(seen).toEqual([...delays.keys()]);
          expect(peak).toBeLessThanOrEqual(concurrency);
          expect(budget.used).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('waits for what runs, frees the budget and closes the source when the consumer breaks', async () => {
    const budget = byteBudget(100);
    let closed = false;
    let running = 0;
    async function* source() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        closed = true;
      }
    }
    const work = async (n: number) => {
      running += 1;
      await sleep(5);
      running -= 1;
      return n;
    };
    for await (const n of mapOrdered(source(), work, {
      concurrency: 3,
      window: 9,
      signal,
      budget,
      bytes: () => 10,
    })) {
      if (n === 4) break;
    }
    expect({ closed, running, used: budget.used }).toEqual({ closed: true, running: 0, used: 0 });
  });

  it('throws the error of the record in its turn, once', async () => {
    const seen: number[] = [];
    const failing = mapOrdered(
      stream([0, 1, 2, 3]),
      async (n) => {
        if (n === 2) throw new Error('two');
        await sleep(3);
        return n;
      },
      { concurrency: 4, signal },
    );
    await expect(
      (async () => {
        for await (const n of failing) seen.push(n);
      })(),
    ).rejects.toThrow('two');
    expect(seen).toEqual([0, 1]);
  });

  it('throws the error of the source in its turn, whatever is still under way', async () => {
    async function* cut() {
      yield* [0, 1, 2];
      throw new Error('cut');
    }
    for (const concurrency of [1, 2, 8]) {
      const seen: number[] = [];
      const mapped = mapOrdered(cut(), (n) => sleep(9 - 3 * n).then(() => n), { concurrency, signal });
      await expect(
        (async () => {
          for await (const n of mapped) seen.push(n);
        })(),
      ).rejects.toThrow('cut');
      expect(seen).toEqual([0, 1, 2]);
    }
  });

  it('ends with ABORTED when the signal fires while it waits for room', async () => {
    const controller = new AbortController();
    const budget = byteBudget(10);
    const hold = await budget.acquire(10, signal);
    const blocked = collect(
      mapOrdered(stream([1]), async (n) => n, {
        concurrency: 1,
        signal: controller.signal,
        budget,
        bytes: () => 5,
      }),
    );
    setTimeout(() => controller.abort(), 5);
    await expect(blocked).rejects.toMatchObject({ code: 'ABORTED' });
    hold();
    expect(budget.used).toBe(0);
  });
});

describe('byteBudget', () => {
  it('lets one record larger than the whole through, alone', async () => {
    const budget = byteBudget(10);
    const release = await budget.acquire(50, signal);
    expect(budget.tryAcquire(1)).toBeUndefined();
    release();
    release();
    expect(budget.used).toBe(0);
    expect(budget.tryAcquire(10)).toBeTypeOf('function');
  });

  it('admits waiters in their order', async () => {
    const budget = byteBudget(10);
    const release = await budget.acquire(10, signal);
    const order: string[] = [];
    const big = budget.acquire(10, signal).then((free) => {
      order.push('big');
      free();
    });
    const small = budget.acquire(1, signal).then(() => order.push('small'));
    release();
    await Promise.all([big, small]);
    expect(order).toEqual(['big', 'small']);
  });
});

describe('forEachAtOnce', () => {
  it('works on all, never on more at once than it may', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await forEachAtOnce(
      Array.from({ length: 20 }, (_, k) => k),
      async (record) => {
        running += 1;
        most = Math.max(most, running);
        await sleep(record % 3);
        running -= 1;
        seen.push(record);
      },
      { concurrency: 3, signal },
    );
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, k) => k));
    expect(most).toBe(3);
  });

  it('ends the others when one fails, waits for them, and throws its error', async () => {
    const ended: number[] = [];
    const work = forEachAtOnce(
      [0, 1, 2, 3, 4],
      async (record, signal) => {
        if (record === 2) throw new Error('two');
        await sleep(60_000, undefined, { signal }).catch(() => {});
        ended.push(record);
        throw new Error('of the abort');
      },
      { concurrency: 3, signal },
    );
    await expect(work).rejects.toThrow('two');
    expect(ended).toEqual([0, 1]);
  });

  it('is aborted from outside', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const work = forEachAtOnce(
      [0, 1, 2],
      async (record) => {
        seen.push(record);
        controller.abort();
      },
      { concurrency: 1, signal: controller.signal },
    );
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen).toEqual([0]);
  });
});
