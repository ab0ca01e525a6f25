import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocksOf, collect, following, inBlocks, iterate, mapBlocks, observed } from '#src/streams.js';

/** A stream of these blocks, and what has become of it. */
function blocks<T>(all: readonly (readonly T[])[]) {
  const seen = { begun: false, read: 0, closed: false };
  const stream = inBlocks(async function* () {
    seen.begun = true;
    try {
      for (const block of all) {
        seen.read += 1;
        yield block;
      }
    } finally {
      seen.closed = true;
    }
  });
  return { stream, seen };
}

async function singly<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const record of stream) all.push(record);
  return all;
}

const some = fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 5 }), { maxLength: 5 });

describe('a stream in blocks', () => {
  it('has the same records, by blocks and one by one', async () => {
    await fc.assert(
      fc.asyncProperty(some, async (all) => {
        expect(await collect(blocks(all).stream)).toEqual(all.flat());
        expect(await singly(blocks(all).stream)).toEqual(all.flat());
        expect(await singly(blocksOf(blocks(all).stream))).toEqual(all);
        expect(await singly(mapBlocks(blocks(all).stream, (block) => block.filter((n) => n > 0)))).toEqual(
          all.flat().filter((n) => n > 0),
        );
        const shown: number[] = [];
        await collect(observed(blocks(all).stream, (n) => shown.push(n)));
        expect(shown).toEqual(all.flat());
      }),
    );
  });

  it('waits for nothing where the records come one by one', async () => {
    let read = 0;
    async function* numbers() {
      while (true) yield read++;
    }
    for await (const block of blocksOf(mapBlocks(numbers(), (one) => one))) {
      expect(block).toEqual([read - 1]);
      if (read === 5) break;
    }
    expect(read).toBe(5);
  });

  it('is read no further than it is wanted, and closed', async () => {
    const { stream, seen } = blocks([[1, 2], [3], [4]]);
    for await (const n of stream) if (n === 3) break;
    expect(seen).toEqual({ begun: true, read: 2, closed: true });
  });

  it('comes from an array in its order', async () => {
    const numbers = Array.from({ length: 3000 }, (_, n) => n);
    expect(await collect(iterate(numbers))).toEqual(numbers);
  });
});

describe('streams that follow one another', () => {
  it('are one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(some, { maxLength: 4 }), async (streams) => {
        expect(await collect(following(streams.map((all) => blocks(all).stream)))).toEqual(streams.flat(2));
      }),
    );
  });

  it('begin one early, and close what they have begun', async () => {
    const [first, second, third] = [blocks([[1], [2]]), blocks([[3], [4]]), blocks([[5]])];
    for await (const n of following([first, second, third].map(({ stream }) => stream))) if (n === 1) break;
    expect(first.seen).toEqual({ begun: true, read: 1, closed: true });
    expect(second.seen).toEqual({ begun: true, read: 1, closed: true });
    expect(third.seen.begun).toBe(false);
  });

  it('give an error its turn', async () => {
    const broken = inBlocks<number>(async function* () {
      yield await Promise.reject(new Error('broken'));
    });
    const got: number[] = [];
    const read = async () => {
      for await (const n of following([blocks([[1], [2]]).stream, broken])) got.push(n);
    };
    await expect(read()).rejects.toThrow('broken');
    expect(got).toEqual([1, 2]);
  });
});
