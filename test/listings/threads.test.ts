import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#src/canonical-json.js';
import { listingScanner } from '#src/kernels/listing-scanner.js';
import { listingThreads } from '#src/listings/threads.js';
import { splitRows } from '#src/sources/lines.js';
import type { CutLines } from '#src/sources/source.js';
import { parse } from '#src/stages/parse.js';
import { collect } from '#src/streams.js';
import { runOver, testContext } from '../context.js';
import { absent, SAMPLE } from '../shared.js';

const GENUINE = join(SAMPLE, 'genuine_rows.jsonl');
const { signal } = new AbortController();

/** Listings and the ledger, from bytes that come in pieces. */
async function parsed(pieces: readonly Uint8Array[], cut: CutLines) {
  const context = testContext({ maxBad: 1 });
  async function* source() {
    yield* pieces;
  }
  const rows = await collect(cut(source(), { signal, shard: 'listings_0.json.gz' }));
  return { listings: await runOver(parse(), rows, context), entries: context.entries };
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'é',
    '\u2028',
    '"',
    '\\',
    '\b\t\n\f\r\u0001',
    '/',
    '𝒳',
    '\ud800',
    '__proto__',
    '12',
    'value',
  ),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.integer(),
    fc.constantFrom(null, true, false, 0.1, 1e-7, 1e21, 12.5, -0.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;
/** As `json.dumps` writes: spaces, and no letter beyond ASCII. */
const spaced = (one: unknown) =>
  JSON.stringify(one, null, 1)
    .replaceAll('\n', ' ')
    .replace(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
const rowText = fc
  .record(
    { item_id: fc.constantFrom('A', 'B', 'C'), brand: value, color: value, more: value },
    { requiredKeys: [] },
  )
  .chain((row) => fc.constantFrom(JSON.stringify(row), spaced(row)));
/** Rows, and rows with one place spoiled. */
const line = fc.oneof(
  rowText,
  fc
    .tuple(
      rowText,
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '}', '{', '0', '-', '.', 'e', ' ', '\u0007', '\ufeff'),
    )
    .map(([row, at, mark]) => row.slice(0, at % row.length) + mark + row.slice((at % row.length) + 1)),
  fc.constantFrom(
    '',
    ' \r',
    '[1]',
    '{"item_id":"A","item_id":"B"}',
    '{"item_id":"A","x":01}',
    '{"item_id":"A","x":1.}',
  ),
);

describe('rows that were read by the kernel', () => {
  const scanner = listingScanner();
  const canonical = (row: string) => {
    const bytes = Buffer.from(`${row}\n`);
    const found = scanner.open(bytes)(0, bytes.length - 1);
    return found && Buffer.from(found).toString();
  };

  it('have the canonical JSON that they have anyway, or are left alone', () => {
    fc.assert(
      fc.property(line, (row) => {
        const found = canonical(row);
        // What is no JSON throws here.
        if (found !== undefined) expect(found).toBe(canonicalJson(JSON.parse(Buffer.from(row).toString())));
      }),
      { numRuns: 3000 },
    );
  });

  it('have the members that are wanted, those of other rows left out, or are left alone', () => {
    const names = ['item_id', 'brand', 'x'];
    const some = listingScanner(names);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (rows) => {
        const lines = rows.map((row) => Buffer.from(row));
        const scan = some.open(Buffer.concat(lines.flatMap((bytes) => [bytes, Buffer.from('\n')])));
        const taken: string[] = [];
        let start = 0;
        for (const bytes of lines) {
          if (scan(start, start + bytes.length) !== undefined) taken.push(bytes.toString());
          start += bytes.length + 1;
        }
        const { members, numbers, ends } = some.close();
        const flat = JSON.parse(Buffer.from(members).toString()) as unknown[];
        expect(ends.length).toBe(taken.length);
        const found = taken.map((_, at) =>
          [...numbers.subarray(at === 0 ? 0 : ends[at - 1], ends[at])].map((n) => [
            flat[2 * n],
            flat[2 * n + 1],
          ]),
        );
        const wanted = taken.map((row) =>
          Object.entries(JSON.parse(row) as object).filter(([name]) => names.includes(name)),
        );
        expect(found).toEqual(wanted);
      }),
      { numRuns: 1000 },
    );
  });

  it('give a member that comes again once', () => {
    const block = Buffer.from('{"a": 1, "b": [2]}\n{"b": [2], "a": 3}\n{"a": 1, "b": [2]}\n');
    const all = listingScanner();
    const scan = all.open(block);
    for (let at = 0; at < block.length; ) {
      const end = block.indexOf('\n', at);
      expect(scan(at, end)).toBeDefined();
      at = end + 1;
    }
    const { members, numbers, ends } = all.close();
    expect(Buffer.from(members).toString()).toBe('["a",1,"b",[2],"a",3]');
    expect([...numbers]).toEqual([0, 1, 1, 2, 0, 1]);
    expect([...ends]).toEqual([2, 4, 6]);
  });

  it('are taken in blocks of more different members than are looked up', () => {
    const rows = Array.from({ length: 4000 }, (_, row) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 10 }, (__, at) => [`k${at}`, row % 3999]))),
    );
    const block = Buffer.from(`${rows.join('\n')}\n`);
    const all = listingScanner();
    const scan = all.open(block);
    for (let at = 0; at < block.length; ) {
      const end = block.indexOf('\n', at);
      scan(at, end);
      at = end + 1;
    }
    const { members, numbers, ends } = all.close();
    const flat = JSON.parse(Buffer.from(members).toString()) as unknown[];
    const row = (at: number) => [...numbers.subarray(ends[at]! - 10, ends[at])].map((n) => flat[2 * n + 1]);
    expect(row(3998)).toEqual(Array(10).fill(3998));
    expect(row(3999)).toEqual(Array(10).fill(0));
  });

  it('are read after many that were left alone', () => {
    for (let row = 0; row < 10_000; row++) expect(canonical('{"a": {"b": 1e3}}')).toBeUndefined();
    expect(canonical('{"a": {"b": 1}}')).toBe('{"a":{"b":1}}');
  });

  it.each([
    ['{"b": [1.50, -2, 0.0], "a": {"d": "\\u00e9\\ud835\\udcb3\\/", "c": null}}', true],
    ['{"3dmodel_id": [{"value": 22.0}]}', true],
    ['{"a": 1e3}', false],
    ['{"a": -0}', false],
    ['{"12": 1}', false],
    ['{"a": 1, "a": 2}', false],
    ['{"a": "\\ud800"}', false],
    ['{"a": 1} x', false],
    ['{"a": tru}', false],
    ['[1]', false],
  ])('%s: %s', (row, plain) => {
    expect(canonical(row)).toBe(plain ? canonicalJson(JSON.parse(row)) : undefined);
  });

  it.skipIf(absent(GENUINE))('are all the genuine rows', () => {
    const rows = readFileSync(GENUINE, 'utf8').trim().split('\n');
    for (const row of rows) expect(canonical(row)).toBe(canonicalJson(JSON.parse(row)));
  });
});

describe('listings from threads', () => {
  it('are those of one row after the other, ledger and all, however the bytes come', async () => {
    const threads = [0, 1, 3].map((workers) => listingThreads({ workers, blockBytes: 64 }));
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(line, { maxLength: 30 }),
          fc.boolean(),
          fc.integer({ min: 1, max: 500 }),
          fc.option(fc.nat()),
          async (lines, ends, size, broken) => {
            const bytes = Buffer.from(lines.join('\n') + (ends ? '\n' : ''));
            if (broken !== null && bytes.length > 0) bytes[broken % bytes.length] = 0xff;
            const pieces = [];
            for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
            const expected = await parsed(pieces, splitRows);
            for (const { cut } of threads) expect(await parsed(pieces, cut)).toEqual(expected);
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      for (const { close } of threads) await close();
    }
  }, 60_000);

  it('have the wanted attributes alone, and the same digests and faults', async () => {
    const { cut } = listingThreads({ workers: 0, needs: ['brand'] });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), async (lines) => {
        const bytes = [Buffer.from(lines.join('\n'))];
        const all = await parsed(bytes, splitRows);
        const some = await parsed(bytes, cut);
        const ids = ({ listings }: typeof all) =>
          listings.map(({ itemId, digest, line: at }) => [itemId, digest, at]);
        expect(ids(some)).toEqual(ids(all));
        const bad = ({ entries }: typeof all) => entries.filter(({ fate }) => fate !== 'conflict');
        expect(bad(some)).toEqual(bad(all));
        const brands = ({ listings }: typeof all) => listings.map(({ attributes }) => attributes['brand']);
        expect(brands(some)).toEqual(brands(all));
      }),
    );
  });
});
