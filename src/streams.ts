/** The smallest pieces that streams are put together with. */

const BLOCKS = Symbol('blocks');

/**
 * A stream whose records come in blocks. Who reads it record by record sees nothing of them; who reads it by
 * `blocksOf` waits once a block instead of once a record, which for small records costs more than all that is done to them.
 */
interface BlockStream<T> extends AsyncIterable<T> {
  readonly [BLOCKS]: () => AsyncIterable<readonly T[]>;
}

/** Blocks as a stream of their records. @param blocks called once a reading; none of them empty. */
export function inBlocks<T>(blocks: () => AsyncIterable<readonly T[]>): AsyncIterable<T> {
  const stream: BlockStream<T> = {
    async *[Symbol.asyncIterator]() {
      for await (const block of blocks()) for (const record of block) yield record;
    },
    [BLOCKS]: blocks,
  };
  return stream;
}

/** A stream's blocks as they came; of a stream without, each record is one, so that nothing is waited for. */
export function blocksOf<T>(source: AsyncIterable<T>): AsyncIterable<readonly T[]> {
  return BLOCKS in source ? (source as BlockStream<T>)[BLOCKS]() : singly(source);
}

async function* singly<T>(source: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  for await (const record of source) yield [record];
}

/** What a function makes of each block, as a block. */
export function mapBlocks<In, Out>(
  source: AsyncIterable<In>,
  map: (block: readonly In[]) => readonly Out[],
): AsyncIterable<Out> {
  return inBlocks(async function* () {
    for await (const block of blocksOf(source)) {
      const mapped = map(block);
      if (mapped.length > 0) yield mapped;
    }
  });
}

/**
 * One stream after the other. Each but the first is begun, as far as its first block, while the one before it is read, so
 * that what works ahead for it does not stand still in between.
 */
export function following<T>(streams: Iterable<AsyncIterable<T>>): AsyncIterable<T> {
  return inBlocks(async function* () {
    const begun: { blocks: AsyncIterator<readonly T[]>; first: Promise<IteratorResult<readonly T[]>> }[] = [];
    const waiting = streams[Symbol.iterator]();
    const begin = () => {
      const { done, value } = waiting.next();
      if (done) return;
      const blocks = blocksOf(value)[Symbol.asyncIterator]();
      const first = blocks.next();
      // It is awaited in its turn; until then a failure must not count as unhandled.
      first.catch(() => {});
      begun.push({ blocks, first });
    };
    begin();
    try {
      while (begun.length > 0) {
        const { blocks, first } = begun[0]!;
        let next = await first;
        begin();
        for (; !next.done; next = await blocks.next()) yield next.value;
        begun.shift();
      }
    } finally {
      for (const { blocks, first } of begun) {
        await first.catch(() => {});
        await blocks.return?.();
      }
    }
  });
}

/** How many records of an array come as one block. */
const ARRAY_BLOCK = 1024;

/** Records that are at hand as a stream. */
export function iterate<T>(records: Iterable<T> | AsyncIterable<T>): AsyncIterable<T> {
  return Array.isArray(records) ? inBlocks(() => slices(records)) : each(records);
}

async function* each<T>(records: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* records;
}

async function* slices<T>(records: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < records.length; at += ARRAY_BLOCK) yield records.slice(at, at + ARRAY_BLOCK);
}

/** All records of a stream, for the steps that need the whole view of the data. */
export async function collect<T>(records: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const block of blocksOf(records)) for (const record of block) all.push(record);
  return all;
}

/** Shows each record of a stream to an observer on its way. */
export function observed<T>(source: AsyncIterable<T>, observe: (record: T) => void): AsyncIterable<T> {
  return mapBlocks(source, (block) => {
    for (const record of block) observe(record);
    return block;
  });
}

/** Records in groups of `size`; the last may be smaller. */
export async function* chunks<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const record of source) {
    group.push(record);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
