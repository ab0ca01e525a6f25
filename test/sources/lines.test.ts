import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRows } from '#src/sources/lines.js';
import { collect } from '../context.js';

const signal = new AbortController().signal;

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const rows = (text: string | Buffer, size = 7, maxBytes = 1000) =>
  collect(splitRows(chunked(Buffer.from(text as string), size), { signal, shard: 's', maxBytes }));

describe('splitRows', () => {
  it('gives the lines of any text however it is cut into chunks', async () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .map((text) => text.replace(/[\n\r\uFEFF]/g, 'x'));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
        const found = await rows(lines.join('\n'), size);
        const expected = lines
          .map((text, index) => ({ text, line: index + 1 }))
          .filter(({ text }) => !/^\s*$/.test(text));
        expect(found.map(({ text, line: at }) => ({ text, line: at }))).toEqual(expected);
      }),
    );
  });

  it('takes off a byte order mark, and counts blank lines without giving them', async () => {
    const found = await rows('\uFEFF{"a":1}\r\n\n  \n{"b":2}');
    expect(found.map(({ text, line }) => [text.trim(), line])).toEqual([
      ['{"a":1}', 1],
      ['{"b":2}', 4],
    ]);
  });

  it('skips a line that is too long or is no UTF-8, and goes on', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${'x'.repeat(5000)}\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('ok'),
    ]);
    const found = await rows(bytes as unknown as string);
    expect(found.map(({ fault, text }) => fault?.reason ?? text)).toEqual([
      'line-too-long',
      'invalid-utf8',
      'ok',
    ]);
  });
});
