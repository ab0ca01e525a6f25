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
  const text = textDecoder();
  const rowsOf = async function* (piece: string | symbol): AsyncGenerator<RawRow> {
    for await (const { key, value } of parse(piece)) {
      const row = JSON.stringify(value);
      if (text.isDamaged() && row.includes(REPLACEMENT)) {
        const fault = { reason: 'invalid-utf8', detail: 'Expected UTF-8 but received other bytes' } as const;
        yield { text: '', line: key + 1, ...named, fault };
      } else yield { text: row, line: key + 1, ...named };
    }
  };
  for await (const bytes of source) for (const piece of pieces(text.decode(bytes))) yield* rowsOf(piece);
  for (const piece of pieces(text.decode())) yield* rowsOf(piece);
  yield* rowsOf(END);
}

/** What stands for bytes that are no UTF-8. */
const REPLACEMENT = '\uFFFD';

/** Text of bytes, that also says whether some of them so far were no UTF-8. Without `bytes` they are at their end. */
function textDecoder(): { decode(bytes?: Uint8Array): string; isDamaged(): boolean } {
  const lenient = new TextDecoder();
  const strict = new TextDecoder('utf-8', { fatal: true });
  let damaged = false;
  return {
    decode(bytes) {
      const more = { stream: bytes !== undefined };
      try {
        if (!damaged) strict.decode(bytes, more);
      } catch {
        damaged = true;
      }
      return lenient.decode(bytes, more);
    },
    isDamaged: () => damaged,
  };
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
