import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LedgerEntry } from '#src/ledger.js';
import { ledgerFile } from '#src/sinks/ledger.js';
import { temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('ledger');
});
afterAll(() => folder.dispose());

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a', 'b', '"', '\ud800'));
const entry: fc.Arbitrary<LedgerEntry> = fc.record({
  stage: fc.constantFrom('parse', 'join'),
  task: fc.option(text, { nil: undefined }),
  key: text,
  fate: fc.constantFrom('dropped' as const, 'merged' as const, 'conflict' as const),
  reason: fc.constantFrom('one', 'two'),
  into: fc.option(text, { nil: undefined }),
  detail: fc.option(text, { nil: undefined }),
});

it('is what JSON.stringify writes of its entries, and their sums', async () => {
  const file = join(folder.path, 'ledger.jsonl.gz');
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 50 }), fc.boolean(), async (entries, drained) => {
      const ledger = ledgerFile(file);
      for (const one of entries) {
        ledger.write(one);
        if (drained) await ledger.drain();
      }
      await ledger.close();
      const written = gunzipSync(await readFile(file)).toString();
      expect(written).toBe(entries.map((one) => `${JSON.stringify(one)}\n`).join(''));
      const sums = ledger.summary();
      expect(sums.reduce((sum, { count }) => sum + count, 0)).toBe(entries.length);
      for (const { stage, task, fate, reason, count, examples } of sums) {
        const same = entries.filter(
          (one) => one.stage === stage && one.task === task && one.fate === fate && one.reason === reason,
        );
        expect(count).toBe(same.length);
        expect(examples).toEqual(same.slice(0, 3).map(({ key }) => key));
      }
    }),
  );
});

it('takes more than its file does at once', async () => {
  const file = join(folder.path, 'many.jsonl.gz');
  const ledger = ledgerFile(file);
  for (let key = 0; key < 50_000; key++) {
    ledger.write({ stage: 'join', key: String(key), fate: 'dropped', reason: 'image-unknown' });
    if (key % 1000 === 0) await ledger.drain();
  }
  await ledger.close();
  const lines = gunzipSync(await readFile(file))
    .toString()
    .trim()
    .split('\n');
  expect(lines.length).toBe(50_000);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ key: '49999' });
});
