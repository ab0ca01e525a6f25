import { PassThrough } from 'node:stream';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gunzip } from '#src/sources/gunzip.js';

/** Bytes cut into chunks of these lengths, again and again. */
async function* chunks(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** What was given, and the error after it. */
async function unpacked(bytes: Uint8Array, lengths: readonly number[] = [65_536]) {
  const given: Uint8Array[] = [];
  let code: string | undefined;
  try {
    for await (const chunk of gunzip(chunks(bytes, lengths))) given.push(chunk);
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  return { text: Buffer.concat(given).toString('latin1'), code };
}

const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, line) => `line ${from + line}, of some length\n`).join('');

describe('gunzip', () => {
  it('gives what was packed, in any number of members, however they are cut', async () => {
    const texts = fc.array(
      fc.nat(4000).map((count) => lines(count % 7 === 0 ? 0 : count)),
      { minLength: 1, maxLength: 4 },
    );
    const lengths = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
    const padding = fc.nat(3).map((zeros) => Buffer.alloc(zeros * 5));
    await fc.assert(
      fc.asyncProperty(texts, lengths, padding, async (members, cuts, zeros) => {
        const packed = Buffer.concat([...members.map((text) => gzipSync(text)), zeros]);
        expect(await unpacked(packed, cuts)).toEqual({ text: members.join(''), code: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it('gives everything before bytes that are no member', async () => {
    const text = lines(60_000);
    const other = lines(500, 60_000);
    for (const after of ['x', 'garbage', '\n\n']) {
      const packed = Buffer.concat([gzipSync(text), gzipSync(other), Buffer.from(after)]);
      for (const cuts of [[65_536], [1000], [packed.length]]) {
        expect(await unpacked(packed, cuts)).toEqual({ text: text + other, code: 'Z_DATA_ERROR' });
      }
    }
  });

  it('reads headers with all that may stand in them', async () => {
    const text = lines(20);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(text), 0);
    trailer.writeUInt32LE(text.length, 4);
    const packed = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255]),
      Buffer.from([3, 0, 1, 2, 3]),
      Buffer.from('name\0comment\0'),
      Buffer.from([7, 7]),
      deflateRawSync(text),
      trailer,
    ]);
    for (const cuts of [[1], [7], [1000]])
      expect(await unpacked(packed, cuts)).toEqual({ text, code: undefined });
    for (const at of [packed.length - 1, packed.length - 8]) {
      const damaged = Buffer.from(packed);
      damaged[at]! ^= 1;
      expect(await unpacked(damaged)).toEqual({ text, code: 'Z_DATA_ERROR' });
    }
  });

  it('says where data was cut, anywhere', async () => {
    const text = lines(300);
    const packed = gzipSync(text);
    for (let length = 0; length < packed.length; length += 1) {
      const { text: found, code } = await unpacked(packed.subarray(0, length), [50]);
      expect(code, `${length}`).toBe('Z_BUF_ERROR');
      expect(text.startsWith(found)).toBe(true);
    }
    expect(await unpacked(Buffer.from('no gzip at all'))).toEqual({ text: '', code: 'Z_DATA_ERROR' });
  });

  it('ends its source where it is left before its end', async () => {
    let ended = false;
    const source = async function* () {
      try {
        for (;;) yield gzipSync(lines(50_000));
      } finally {
        ended = true;
      }
    };
    for await (const bytes of gunzip(source())) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(ended).toBe(true);
  });

  it('is left at once where its source has nothing more to give for now', async () => {
    const source = new PassThrough();
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 31 + (at >> 3)) % 251));
    source.write(gzipSync(noise, { level: 0 }).subarray(0, -200));
    for await (const bytes of gunzip(source)) {
      expect(bytes.length).toBeGreaterThan(0);
      // Until the next piece is being waited for.
      await new Promise((resolve) => setTimeout(resolve, 50));
      break;
    }
    source.destroy();
  });
});
