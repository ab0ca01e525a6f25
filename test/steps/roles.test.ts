import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PredictionRecord } from '#src/models/predictions.js';
import type { SampleRecord } from '#src/records.js';
import { fileDigest, samplesDigest } from '#src/sources/samples.js';
import type { Summary } from '#src/summary.js';
import { makeRun, runOn, samplesOf } from '../audit/run.js';
import { jsonLines, temporaryFolder } from '../fixtures.js';
import { sectionOf, tableOf } from '../sinks/report/markup.js';

const TASK = 'product_type';
const { signal } = new AbortController();

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let samples: SampleRecord[];
let summary: Summary;
beforeAll(async () => {
  folder = await temporaryFolder('roles');
  ({ dump, run } = await makeRun(folder.path, { until: 'report' }));
  samples = await samplesOf(run, TASK);
  summary = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as Summary;
}, 120_000);
afterAll(() => folder.dispose());

it('main photos and others are scored each alone, in summary, predictions and report', async () => {
  const { byRole, splits } = summary.tasks[TASK]!;
  const roleOf = new Map(samples.map(({ path, role }) => [path, role]));
  const predictions = jsonLines<PredictionRecord>(
    await readFile(join(run, `predictions-${TASK}.jsonl`), 'utf8'),
  );
  expect(predictions.map(({ role }) => role)).toEqual(predictions.map(({ path }) => roleOf.get(path)));
  for (const role of ['main', 'other'] as const) {
    const own = predictions.filter((prediction) => prediction.role === role);
    const right = own.filter(({ label, predicted }) => label === predicted).length;
    const { samples: count, accuracy, accuracyInterval, macroF1 } = byRole![role];
    expect(count).toBe(own.length);
    expect(count).toBeGreaterThan(3);
    expect(accuracy).toBeCloseTo(right / own.length, 12);
    expect(accuracyInterval[0]).toBeLessThanOrEqual(accuracy);
    expect(accuracyInterval[1]).toBeGreaterThanOrEqual(accuracy);
    expect(macroF1).toBeLessThanOrEqual(1);
  }
  expect(byRole!.main.samples + byRole!.other.samples).toBe(splits.test);

  const page = await readFile(join(run, 'report.html'), 'utf8');
  const rows = tableOf(sectionOf(page, 'task-1-roles'), 'Accuracy by what listings use a photo as');
  expect(rows.map(([, photos]) => Number(photos))).toEqual([byRole!.main.samples, byRole!.other.samples]);
});

it('nothing is said by role where all photos are main ones', async () => {
  const { tasks } = await runOn(dump, join(folder.path, 'main'), {
    until: 'evaluate',
    more: 'views: main',
  });
  expect(tasks[TASK]).toHaveProperty('accuracy');
  expect(tasks[TASK]).not.toHaveProperty('byRole');
});

it('roles are no part of the digest that names samples in caches', async () => {
  const file = join(folder.path, 'samples.jsonl');
  const write = async (records: readonly object[]) => {
    await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return samplesDigest(file, signal);
  };
  const before = await write(samples);
  expect(await write(samples.map((sample) => ({ ...sample, role: 'main' as const })))).toBe(before);
  // As files without roles have it.
  expect(await write(samples.map(({ role: _, ...sample }) => sample))).toBe(before);
  expect(await fileDigest(file)).toBe(before);
  const [first, ...rest] = samples;
  expect(await write([{ ...first!, label: 'another' }, ...rest])).not.toBe(before);
});
