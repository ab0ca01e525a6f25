import fc from 'fast-check';
import { filter, map, Observable, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { assertChained, operatorStage, runStage, type Stage } from '#src/stage.js';
import { collect, runOver, stream, testContext } from './context.js';

const doubled = () => operatorStage<number, number>('double', () => map((n) => 2 * n));

describe('runStage', () => {
  it('adds up for any mixture of fates', async () => {
    const fates = ['out', 'dropped', 'merged', 'capped', 'added'] as const;
    const stage: Stage<(typeof fates)[number], string> = {
      name: 'mixed',
      async *run(source, { account }) {
        for await (const fate of source) {
          if (fate === 'dropped') account.dropped('key', 'because');
          else if (fate === 'merged') account.merged('key', 'because', 'other');
          else if (fate === 'capped') account.capped('key', 'because');
          else {
            yield fate;
            if (fate === 'added') {
              account.added(1);
              yield fate;
            }
          }
        }
      },
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...fates)), async (records) => {
        const context = testContext();
        const out = await runOver(stage, records, context);
        const [counts] = context.counts;
        expect(counts).toMatchObject({ in: records.length, out: out.length });
        expect(context.entries).toHaveLength(counts!.dropped + counts!.merged + counts!.capped);
      }),
    );
  });

  it('fails when a record vanishes', async () => {
    const leaky: Stage<number, number> = {
      name: 'leaky',
      async *run(source) {
        for await (const n of source) if (n !== 2) yield n;
      },
    };
    await expect(runOver(leaky, [1, 2, 3], testContext())).rejects.toMatchObject({
      code: 'LEDGER_UNBALANCED',
      stage: 'leaky',
    });
  });

  const quarantineAll: Stage<number, number> = {
    name: 'strict',
    // biome-ignore lint/correctness/useYield: every record is bad
    async *run(source, { account }) {
      for await (const n of source) account.quarantined(String(n), 'bad', new Error('bad'));
    },
  };

  it('fails where a stage did not get what the one before it gave', async () => {
    const context = testContext();
    await runOver(doubled(), [1, 2, 3], context);
    await runOver(doubled(), [1, 2, 3], context);
    expect(() => assertChained(context.counts)).not.toThrow();
    await runOver(doubled(), [1, 2], context);
    expect(() => assertChained(context.counts)).toThrow('Expected the 3 records');
  });

  it('allows ten bad records whatever their share, and not an eleventh', async () => {
    expect(await runOver(quarantineAll, Array(10).keys(), testContext())).toEqual([]);
    await expect(runOver(quarantineAll, Array(11).keys(), testContext())).rejects.toMatchObject({
      code: 'TOO_MANY_BAD',
    });
    expect(await runOver(quarantineAll, Array(11).keys(), testContext({ maxBad: 1 }))).toEqual([]);
  });

  it('gives up before the end once more than 1,000 are bad', async () => {
    let read = 0;
    async function* endless() {
      while (true) yield read++;
    }
    await expect(collect(runStage(quarantineAll, endless(), testContext()))).rejects.toMatchObject({
      code: 'TOO_MANY_BAD',
    });
    expect(read).toBe(1001);
  });

  it('names the stage and keeps the original error as cause', async () => {
    const original = new TypeError('broken');
    const broken = operatorStage<number, number>('broken', () =>
      map(() => {
        throw original;
      }),
    );
    await expect(runOver(broken, [1], testContext())).rejects.toMatchObject({
      code: 'INTERNAL',
      stage: 'broken',
      cause: original,
    });
  });

  it('stops on abort and closes the source', async () => {
    const controller = new AbortController();
    let closed = false;
    async function* source() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        closed = true;
      }
    }
    const run = async () => {
      for await (const n of runStage(doubled(), source(), testContext({ signal: controller.signal }))) {
        if (n === 10) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'ABORTED', exitCode: 130 });
    expect(closed).toBe(true);
  });
});

describe('operatorStage', () => {
  it('reads nothing ahead through a chain of stages', async () => {
    let read = 0;
    async function* source() {
      while (read < 1000) yield read++;
    }
    const context = testContext();
    const odd = operatorStage<number, number>('odd', (account) =>
      filter((n) => {
        if (n % 2 === 0) account.dropped(String(n), 'even');
        return n % 2 === 1;
      }),
    );
    let received = 0;
    for await (const _ of runStage(doubled(), runStage(odd, source(), context), context)) {
      received += 1;
      expect(read).toBe(2 * received);
      if (received === 20) break;
    }
    expect(read).toBe(40);
  });

  it('passes on all that one record becomes', async () => {
    const spread = operatorStage<number, number>('spread', (account) =>
      spreadEach((n) => {
        account.added(n - 1);
        return Array<number>(n).fill(n);
      }),
    );
    expect(await runOver(spread, [1, 2, 3], testContext())).toEqual([1, 2, 2, 3, 3, 3]);
  });

  it('does not lose what an operator holds until the end', async () => {
    const late: OperatorFunction<number, number> = (source) =>
      new Observable((subscriber) => {
        let sum = 0;
        return source.subscribe({
          next: (n) => {
            sum += n;
          },
          complete: () => {
            subscriber.next(sum);
            subscriber.complete();
          },
        });
      });
    const stage = operatorStage<number, number>('sum', (account) => {
      account.added(-2);
      return late;
    });
    expect(await runOver(stage, [1, 2, 3], testContext())).toEqual([6]);
  });
});

function spreadEach(project: (n: number) => number[]): OperatorFunction<number, number> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (n) => {
          for (const each of project(n)) subscriber.next(each);
        },
        complete: () => subscriber.complete(),
      }),
    );
}

it('an empty stream is an empty stream', async () => {
  expect(await collect(runStage(doubled(), stream([]), testContext()))).toEqual([]);
});
