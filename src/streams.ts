/** The smallest pieces that streams are put together with. */

/** Records that are at hand as a stream. */
export async function* iterate<T>(records: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* records;
}

/** All records of a stream, for the steps that need the whole view of the data. */
export async function collect<T>(records: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const record of records) all.push(record);
  return all;
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
