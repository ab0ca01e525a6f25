import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '#src/random.js';
import type { ReportData } from '#src/sinks/report/data.js';
import { writeReport } from '#src/sinks/report/write.js';
import { explorationOf, listingOf, type ReportChoices, reportData } from './build.js';
import { readMarkup, sectionOf, tableOf, textOf } from './markup.js';

/** ECharts’ pattern of the line at the kept epoch. */
const DASHED = 'stroke-dasharray="4.8,2.4"';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-report-empty-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes a report and looks for what a missing number leaves behind, in text, attributes and charts alike. */
async function written(data: ReportData): Promise<string> {
  const file = join(folder, 'report.html');
  await writeReport(file, data);
  const page = await readFile(file, 'utf8');
  readMarkup(page);
  const own = page.replace(/<script>[\s\S]*?<\/script>/g, '').replace(/"data:[^"]*"/g, '""');
  expect(own).not.toMatch(/NaN|Infinity|undefined|\bnull\b|\[object/);
  return page;
}

function changed(
  data: ReportData,
  change: (task: ReportData['tasks'][number]) => ReportData['tasks'][number],
) {
  return { ...data, tasks: data.tasks.map(change) };
}

describe('what may be absent', () => {
  it.each<[string, ReportChoices]>([
    ['one class', { labels: ['ONLY'] }],
    ['two epochs', { epochs: 2 }],
    ['drawn photos', { synthetic: true }],
  ])('takes %s', async (_, choices) => {
    await written(reportData(choices));
  });

  it('a validation side: one curve, no dashed line, and no promise of a best epoch', async () => {
    const section = sectionOf(await written(reportData({ validated: false })), 'task-1-training');
    expect(textOf(section)).toContain('There was no validation side');
    expect(section).not.toContain('>Validation</li>');
    expect(tableOf(section, 'Training and validation, epoch by epoch').map((row) => row[6])).toEqual(
      Array.from({ length: 8 }, () => '–'),
    );
    expect(section).not.toContain(DASHED);
    const validated = sectionOf(await written(reportData()), 'task-1-training');
    expect(validated).toContain(DASHED);
    expect(validated).toContain('>Validation</li>');
  });

  it('more than one epoch: a point instead of a line', async () => {
    const section = sectionOf(await written(reportData({ epochs: 1 })), 'task-1-training');
    expect(section).toContain('over 1 epoch,');
    expect(tableOf(section, 'Training and validation, epoch by epoch')).toHaveLength(1);
  });

  it('epochs', async () => {
    const section = sectionOf(await written(reportData({ epochs: 0 })), 'task-1-training');
    expect(textOf(section)).toContain('Nothing was trained');
  });

  it('numbers, where training went out of bounds', async () => {
    const data = changed(reportData(), (task) => ({
      ...task,
      train: {
        ...task.train,
        history: task.train.history.map((one, index) => ({
          ...one,
          loss: index > 2 ? Number.NaN : one.loss,
          validationLoss: Number.POSITIVE_INFINITY,
        })),
      },
    }));
    const rows = tableOf(await written(data), 'Training and validation, epoch by epoch');
    expect(rows[7]!.slice(2, 7)).toEqual([
      '–',
      expect.stringContaining('%'),
      expect.stringMatching(/^\d/),
      expect.stringContaining('%'),
      '–',
    ]);
  });

  it('mistakes', async () => {
    const page = await written(reportData({ mistakes: 0 }));
    expect(textOf(sectionOf(page, 'task-1-mistakes'))).toContain('There is none on the test side.');
    expect(textOf(sectionOf(page, 'task-1-confusion'))).toContain('No photo was taken for another class.');
  });

  it('photos of a class on the evaluated side: it has no score, rather than the worst', async () => {
    const data = changed(reportData({ mistakes: 0 }), (task) => {
      const confusion = task.evaluation.confusion.map((row, index) => (index === 2 ? row.map(() => 0) : row));
      const perClass = task.evaluation.perClass.map((one, index) =>
        index === 2 ? { ...one, support: 0, precision: 0, recall: 0, f1: 0 } : one,
      );
      return { ...task, evaluation: { ...task.evaluation, confusion, perClass } };
    });
    const rows = tableOf(await written(data), 'Precision, recall and F1 of each class');
    expect(rows[0]).toEqual(['RUG', '0', '–', '–', '–', '–']);
    expect(rows[1]!.slice(1, 5)).toEqual(['4', '100.0 %', '100.0 %', '100.0 %']);
  });

  it('natural counts, what the dump holds and stages, where samples were given', async () => {
    const page = await written(reportData({ curated: false }));
    const counts = sectionOf(page, 'task-1-counts');
    expect(counts).not.toContain('Before the cap</li>');
    expect(tableOf(counts, 'Photos a class before and after the cap, by side')[0]).toEqual([
      'CHAIR',
      '–',
      '12',
      '6',
      '2',
      '4',
    ]);
    expect(page).not.toMatch(/id="(keys|suggestions|duplicates)"/);
    expect(textOf(sectionOf(page, 'records'))).toContain('No stage ran');
    expect(textOf(sectionOf(page, 'summary'))).toContain('as the samples file gives it');
  });

  it('photos, classes, tasks and caches', async () => {
    const data = reportData({ labels: ['A'] });
    await written(
      changed(data, (task) => ({ ...task, classes: task.classes.map((one) => ({ ...one, photos: [] })) })),
    );
    await written(reportData({ labels: [] }));
    const page = await written({ ...data, tasks: [], summary: { ...data.summary, tasks: {}, caches: [] } });
    expect(textOf(page)).toContain('The run has no cache.');
  });
});

describe('whose photos they are', () => {
  it('is said of ABO’s', async () => {
    expect(textOf(await written(reportData()))).toContain('© Amazon.com, licensed under CC BY 4.0');
  });

  it('is not claimed of drawn ones, and it is said that they are drawn', async () => {
    const text = textOf(await written(reportData({ synthetic: true })));
    expect(text).toContain('Synthetic data.');
    expect(text).not.toContain('Amazon');
  });

  it('is not claimed of another source', async () => {
    const page = await written({ ...reportData(), sourceKind: 'folder' });
    expect(page).not.toContain('Amazon');
  });
});

describe('many classes', () => {
  it.each([34, 150])('keep the page under 10 MB, and none of %i is left out of the tables', async (count) => {
    // The worst that a thumbnail can be: nothing in it compresses.
    const noise = join(folder, 'noise.png');
    const pixels = Uint8Array.from({ length: 128 * 128 * 3 }, (_, index) => uniform(index) * 256);
    await sharp(pixels, { raw: { width: 128, height: 128, channels: 3 } }).toFile(noise);
    const labels = Array.from({ length: count }, (_, index) => `CLASS_${index}_OF_MANY`);
    const noisy = <T extends object>(one: T) => ({ ...one, file: noise });
    const data = changed(reportData({ labels, mistakes: 400 }), (task) => ({
      ...task,
      classes: task.classes.map((one) => ({
        ...one,
        photos: one.photos.map(noisy),
      })),
      evaluation: {
        ...task.evaluation,
        mistakes: task.evaluation.mistakes.map(noisy),
        right: task.evaluation.right.map(noisy),
      },
    }));
    const page = await written(data);
    expect(tableOf(page, 'Precision, recall and F1 of each class')).toHaveLength(count);
    expect(tableOf(page, 'Photos a class before and after the cap, by side')).toHaveLength(count);
    if (count > 40) expect(textOf(page)).toContain('The 40 most confused of 150 classes');
    const images = (id: string) => sectionOf(page, id).match(/<img /g)?.length;
    expect(images('task-1-samples')).toBe(Math.min(6 * count, 300));
    expect(images('task-1-mistakes')).toBe(24);
    const { mistakes, right } = data.tasks[0]!.evaluation;
    expect(images('task-1-confusion')).toBe(Math.min(400, mistakes.length + right.length));
    expect(tableOf(page, 'Further mistakes, the most confident first')).toHaveLength(24);
    expect(Buffer.byteLength(page)).toBeLessThan(10_000_000);
    expect(page.replace(/"data:[^"]*"/g, '').length).toBeLessThan(600_000);
  });
});

it('keeps the page small for a dump that makes up its columns', async () => {
  const listings = Array.from({ length: 2000 }, (_, index) =>
    listingOf(`item${index}`, { product_type: `TYPE_${index}`, [`key_${index}`]: 'x'.repeat(500) }, []),
  );
  const page = await written({ ...reportData(), exploration: explorationOf(listings) });
  expect(tableOf(page, 'Keys of the listings, the emptiest first')).toHaveLength(128);
  expect(textOf(page)).toContain('128 keys, and 1,900 that are not shown');
  const [drop] = tableOf(page, 'Suggestions').filter(([action]) => action === 'drop');
  expect(drop![1]).toMatch(/^2,000 classes/);
  expect(drop![1]).toContain('and 1,500 more');
  const rest = await written(reportData());
  expect(page.length - rest.length).toBeLessThan(250_000);
});

describe('values without a label', () => {
  const most = [{ value: '<b>floral</b>', photos: 7 }];

  it('are listed where the recipe normalises values, and only there', async () => {
    const page = await written(
      changed(reportData(), (task) => ({ ...task, unmapped: { photos: 9, values: 3, most } })),
    );
    const section = textOf(sectionOf(page, 'task-1-unmapped'));
    expect(section).toContain('9 photos left because no label could be read from 3 values');
    expect(section).toContain('the ledger has the other 2');
    expect(section).toContain('<b>floral</b>');
    expect(await written(reportData())).not.toContain('task-1-unmapped');
  });

  it('may be none', async () => {
    const page = await written(
      changed(reportData(), (task) => ({ ...task, unmapped: { photos: 0, values: 0, most: [] } })),
    );
    expect(textOf(sectionOf(page, 'task-1-unmapped'))).toContain('Every value has a label.');
  });
});
