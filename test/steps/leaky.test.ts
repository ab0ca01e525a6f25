import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SampleRecord } from '#src/records.js';
import type { Summary } from '#src/summary.js';
import { makeRun, runOn, samplesOf } from '../audit/run.js';
import { jsonLines, temporaryFolder } from '../fixtures.js';
import { readMarkup, textOf } from '../sinks/report/markup.js';

const TASK = 'product_type';

let folder: { path: string; dispose(): Promise<void> };
let run: string;
let samples: SampleRecord[];
let summary: Summary;
beforeAll(async () => {
  folder = await temporaryFolder('leaky');
  ({ run } = await makeRun(folder.path, { until: 'report', more: 'split: { by: image }' }));
  samples = await samplesOf(run, TASK);
  summary = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as Summary;
}, 120_000);
afterAll(() => folder.dispose());

const hasTwin = ({ component, split }: SampleRecord) =>
  samples.some((other) => other.component === component && other.split !== split);

it('a split by image says how many photos have a twin across it, and what was asked and achieved', () => {
  const { twins, shares, sharesAsked, splits, samples: count } = summary.tasks[TASK]!;
  const torn = samples.filter(hasTwin);
  expect(torn.length).toBeGreaterThan(10);
  for (const side of ['train', 'validation', 'test'] as const) {
    expect(twins[side]).toBe(torn.filter(({ split }) => split === side).length);
    expect(shares[side]).toBeCloseTo(splits[side] / count, 12);
    expect(Math.abs(shares[side] - sharesAsked![side])).toBeLessThan(0.05);
  }
  expect(sharesAsked).toEqual({ train: 0.75, validation: 0.1, test: 0.15 });
});

it('says what the accuracy is worth on the test photos without twins', async () => {
  const { accuracy, withoutTwins } = summary.tasks[TASK]!;
  const predictions = jsonLines<{ path: string; label: string; predicted: string }>(
    await readFile(join(run, `predictions-${TASK}.jsonl`), 'utf8'),
  );
  const placed = new Map(samples.map((sample) => [sample.path, sample]));
  const right = (list: typeof predictions) =>
    list.filter(({ label, predicted }) => label === predicted).length;
  const alone = predictions.filter(({ path }) => !hasTwin(placed.get(path)!));
  expect(accuracy).toBeCloseTo(right(predictions) / predictions.length, 12);
  expect(alone.length).toBeGreaterThan(0);
  expect(alone.length).toBeLessThan(predictions.length);
  expect(withoutTwins!.samples).toBe(alone.length);
  expect(withoutTwins!.accuracy).toBeCloseTo(right(alone) / alone.length, 12);
  expect(withoutTwins!.accuracyInterval[0]).toBeLessThanOrEqual(withoutTwins!.accuracy);
});

it('says so in the report', async () => {
  const page = await readFile(join(run, 'report.html'), 'utf8');
  const { twins, withoutTwins } = summary.tasks[TASK]!;
  const torn = twins.train + twins.validation + twins.test;
  expect(readMarkup(page).length).toBeGreaterThan(0);
  const text = textOf(page).replaceAll('\u00a0', ' ');
  expect(text).toContain(`This split leaks. ${torn} photos have a twin on another side`);
  expect(text).toContain(`On the ${withoutTwins!.samples} without one the accuracy is`);
  expect(text).toMatch(/of the 75\.0 \/ 10\.0 \/ 15\.0 % that were asked for/);
});

it('a split by component has no twins, and says nothing of them', async () => {
  const { tasks } = await runOn(join(folder.path, 'dump'), join(folder.path, 'sound'), { until: 'evaluate' });
  const task = tasks[TASK] as Summary['tasks'][string];
  expect(task.twins).toEqual({ train: 0, validation: 0, test: 0 });
  expect(task).not.toHaveProperty('withoutTwins');
});
