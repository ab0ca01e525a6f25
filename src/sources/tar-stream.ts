import { PipelineError } from '../errors.js';
import { entriesOf, type TarEntry } from './tar.js';

/** A regular file of an archive that comes as a stream; its bytes can be read until the next member is asked for. */
export interface StreamedMember extends TarEntry {
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * The regular files of an archive that can be read but once, in its order. Holds one chunk of the stream; what nobody
 * reads of a member is passed over.
 * @throws {PipelineError} `INPUT_INVALID` for a damaged or cut archive, and what reading throws.
 */
export async function* tarMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedMember> {
  const chunks = source[Symbol.asyncIterator]();
  const invalid = (expected: string, position: number) =>
    new PipelineError('INPUT_INVALID', `Expected ${expected}`, { key: `byte ${position} of the archive` });
  // What was read and not used yet, and the position of its first byte.
  let held: Buffer = Buffer.alloc(0);
  let start = 0;
  const more = async () => {
    const { value, done } = await chunks.next();
    if (done) throw invalid('a whole archive', start + held.length);
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.length);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
  };
  const skipTo = async (position: number) => {
    while (start + held.length < position) {
      start += held.length;
      held = Buffer.alloc(0);
      await more();
    }
    held = held.subarray(position - start);
    start = position;
  };
  const read = async (position: number, bytes: number) => {
    await skipTo(position);
    while (held.length < bytes) await more();
    return held.subarray(0, bytes);
  };
  async function* stretch(offset: number, size: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < offset + size; ) {
      await skipTo(at);
      if (held.length === 0) await more();
      const part = held.subarray(0, offset + size - at);
      at += part.length;
      yield part;
    }
  }
  try {
    for await (const entry of entriesOf({ read, invalid })) {
      const bytes = stretch(entry.offset, entry.size);
      yield { ...entry, bytes };
      // Whoever read it may have asked for more than was used: that comes before the next header.
      await bytes.return(undefined);
    }
  } finally {
    await chunks.return?.();
  }
}
