import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

/** Each chunk is a turn of this thread: few large ones cost less than what they hold. */
const CHUNK = 1024 * 1024;

/** RFC 1952, 2.3: a member's header, fixed part, and its trailer. */
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const MAGIC = 0x8b1f;
const DEFLATE = 8;
const FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;

/**
 * Unpacks gzip of one or several members. Node's own stops at bytes that are no member, and forgets what it had unpacked of
 * the chunk that they stand in.
 * @throws an error whose `code` is `Z_BUF_ERROR` for data that was cut, `Z_DATA_ERROR` for damaged data and for bytes after
 * the last member that are none (but zeros, which pad), once all before them was given.
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = byteInput(source);
  try {
    for (let member = 0; ; member++) {
      const start = await input.peek(2);
      if (member > 0 && (start.length === 0 || (await onlyZeros(input)))) return;
      if (start.length === 0 || (start.length === 1 && start[0] === MAGIC % 256)) throw cut();
      if (start.length === 1 || start.readUInt16LE() !== MAGIC) {
        throw damaged(member === 0 ? 'incorrect header check' : 'bytes after its end');
      }
      await skipHeader(input);
      yield* inflated(input);
    }
  } finally {
    await input.close();
  }
}

async function skipHeader(input: ByteInput): Promise<void> {
  const header = await input.take(HEADER_BYTES);
  if (header[2] !== DEFLATE) throw damaged('unknown compression method');
  const flags = header[3]!;
  if (flags & FLAGS.extra) await input.take((await input.take(2)).readUInt16LE());
  for (const text of [FLAGS.name, FLAGS.comment]) {
    if (flags & text) while ((await input.take(1))[0] !== 0) {}
  }
  if (flags & FLAGS.headerCrc) await input.take(2);
}

/** A member's data and its trailer. */
async function* inflated(input: ByteInput): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  const feeding = feed(inflate, input);
  // It fails as the unpacking does, or ends it.
  feeding.catch((error: unknown) => inflate.destroy(error as Error));
  let crc = 0;
  let length = 0;
  try {
    for await (const bytes of inflate as AsyncIterable<Buffer>) {
      crc = crc32(bytes, crc);
      length += bytes.length;
      yield bytes;
    }
    await feeding;
  } finally {
    inflate.destroy();
  }
  const trailer = await input.take(TRAILER_BYTES);
  if (trailer.readUInt32LE() !== crc) throw damaged('incorrect data check');
  if (trailer.readUInt32LE(4) !== length % 2 ** 32) throw damaged('incorrect length check');
}

/** Writes chunks until the data has ended, and puts back what lies after it. */
async function feed(inflate: InflateRaw, input: ByteInput): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) inflate.once(event, () => resolve());
  });
  let written = 0;
  let last: Buffer | undefined;
  // What the data's end left of a chunk is not taken.
  while (inflate.bytesWritten === written && !inflate.destroyed) {
    last = await input.next();
    if (last === undefined) {
      inflate.end();
      await ended;
      return;
    }
    written += last.length;
    const chunk = last;
    // Where the data has ended in it, nothing may be called back.
    await Promise.race([new Promise<void>((resolve) => inflate.write(chunk, () => resolve())), ended]);
  }
  const rest = written - inflate.bytesWritten;
  if (last !== undefined && rest > 0) input.putBack(last.subarray(last.length - rest));
}

/** Bytes that can be looked at before they are taken. */
interface ByteInput {
  /** So many bytes, or all that are left. */
  peek(count: number): Promise<Buffer>;
  /** @throws for data that was cut. */
  take(count: number): Promise<Buffer>;
  /** The next bytes, as many as there are at hand; undefined at the end. */
  next(): Promise<Buffer | undefined>;
  putBack(bytes: Buffer): void;
  close(): Promise<void>;
}

function byteInput(source: AsyncIterable<Uint8Array>): ByteInput {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let pulling = false;
  const pull = async (): Promise<Buffer | undefined> => {
    pulling = true;
    const { done, value } = await chunks.next();
    pulling = false;
    return done ? undefined : Buffer.from(value.buffer, value.byteOffset, value.length);
  };
  const peek = async (count: number) => {
    while (held.length < count) {
      const more = await pull();
      if (more === undefined) break;
      held = held.length === 0 ? more : Buffer.concat([held, more]);
    }
    return held.subarray(0, count);
  };
  return {
    peek,
    async take(count) {
      const bytes = await peek(count);
      if (bytes.length < count) throw cut();
      held = held.subarray(count);
      return bytes;
    },
    async next() {
      if (held.length === 0) return pull();
      const bytes = held;
      held = Buffer.alloc(0);
      return bytes;
    },
    putBack(bytes) {
      held = held.length === 0 ? bytes : Buffer.concat([bytes, held]);
    },
    async close() {
      const closing = Promise.resolve(chunks.return?.());
      // A pull that is under way may wait for what never comes.
      if (pulling) closing.catch(() => {});
      else await closing;
    },
  };
}

/** Takes zeros up to the end of the input; what follows them is left. */
async function onlyZeros(input: ByteInput): Promise<boolean> {
  while ((await input.peek(1))[0] === 0) await input.take(1);
  return (await input.peek(1)).length === 0;
}

function cut(): Error {
  return Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
}

function damaged(what: string): Error {
  return Object.assign(new Error(what), { code: 'Z_DATA_ERROR' });
}
