import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
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

const photosOf = async (of: string) =>
  (await parquetReadObjects({
    file: await asyncBufferFromFile(join(of, 'photos.parquet')),
    columns: ['path', 'items'],
  })) as { path: string; items: string[] }[];

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

it('counts twins by item and by bytes where nothing is merged or linked', async () => {
  const more = 'split: { by: image }\ndeduplicate: { same: [], family: [], boilerplate: false }';
  const out = join(folder.path, 'as-it-is');
  const { tasks } = await runOn(join(folder.path, 'dump'), out, { until: 'evaluate', more });
  const task = tasks[TASK] as Summary['tasks'][string];
  const all = await samplesOf(out, TASK);
  const photos = new Map((await photosOf(out)).map(({ path, items }) => [path, items]));
  expect(new Set(all.map(({ component }) => component)).size).toBe(all.length);
  const torn = all.filter((one) =>
    all.some(
      (other) =>
        other.split !== one.split &&
        (other.sha256 === one.sha256 ||
          photos.get(other.path)!.some((item) => photos.get(one.path)!.includes(item))),
    ),
  );
  expect(torn.length).toBeGreaterThan(10);
  expect(task.twins.test).toBe(torn.filter(({ split }) => split === 'test').length);
  expect(task.withoutTwins!.samples).toBe(task.splits.test - task.twins.test);
});

it('a split by component has no twins, and says nothing of them', async () => {
  const { tasks } = await runOn(join(folder.path, 'dump'), join(folder.path, 'sound'), { until: 'evaluate' });
  const task = tasks[TASK] as Summary['tasks'][string];
  expect(task.twins).toEqual({ train: 0, validation: 0, test: 0 });
  expect(task).not.toHaveProperty('withoutTwins');
});
