import { streamArray } from 'stream-json/streamers/stream-array.js';
import type { RawRow } from './source.js';

/** What stream-json's functions take for the end of the text (`none` of stream-chain, which they are made with). */
const END = Symbol.for('object-stream.none');

type Elements = AsyncIterable<{ key: number; value: unknown }>;

/**
 * The elements of one big JSON array as rows, by stream-json's token parser: eight times slower than lines, and the
 * only way to read such a dump without holding it. Where the text is not JSON, or its source fails, all elements before
 * that were given: the parser forgets what it made of a piece that it could not read to its end, so each piece ends where
 * an element may.
 * @throws what the source throws, and stream-json's error for what is no JSON.
 */
export async function* arrayRows(source: AsyncIterable<Uint8Array>, shard?: string): AsyncGenerator<RawRow> {
  const named = shard === undefined ? {} : { shard };
  const parse = streamArray.withParser() as unknown as (text: string | symbol) => Elements;
  const decoder = new TextDecoder();
  for await (const bytes of source) {
    for (const piece of pieces(decoder.decode(bytes, { stream: true }))) {
      for await (const { key, value } of parse(piece)) {
        yield { text: JSON.stringify(value), line: key + 1, ...named };
      }
    }
  }
  const rest = decoder.decode();
  for (const piece of [...(rest === '' ? [] : [rest]), END]) {
    for await (const { key, value } of parse(piece)) {
      yield { text: JSON.stringify(value), line: key + 1, ...named };
    }
  }
}

/** Each up to and with the next closing brace. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const brace = text.indexOf('}', start);
    const end = brace === -1 ? text.length : brace + 1;
    yield text.slice(start, end);
    start = end;
  }
}
