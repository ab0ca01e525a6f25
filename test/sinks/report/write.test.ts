import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StageCounts } from '#src/events.js';
import type { Sample } from '#src/records.js';
import type { EvaluationResult, TrainResult } from '#src/results.js';
import { type ReportData, taskReport } from '#src/sinks/report/data.js';
import { escapeHtml } from '#src/sinks/report/html.js';
import { writeReport } from '#src/sinks/report/write.js';
import { jpeg, temporaryFolder } from '../../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('report');
  for (let index = 0; index < 6; index++) await writeFile(photo(index), await jpeg(index));
});
afterAll(() => folder.dispose());

const photo = (index: number) => join(folder.path, `p${index}.jpg`);

const stage = (name: string, more: Partial<StageCounts> = {}): StageCounts => ({
  name,
  in: 100,
  added: 0,
  out: 100,
  dropped: 0,
  merged: 0,
  capped: 0,
  quarantined: 0,
  seconds: 1,
  recordsPerSecond: 100,
  ...more,
});

/** All that a report shows, small; `name` stands wherever a name from the data is shown. */
function report(name: (plain: string) => string = (plain) => plain, classes = 3): ReportData {
  const labels = Array.from({ length: classes }, (_, index) =>
    name(`class ${String(index).padStart(3, '0')}`),
  ).sort();
  const samples = labels.flatMap((label, index): Sample[] =>
    (['train', 'validation', 'test'] as const).map((split, place) => ({
      path: name(`p${(index + place) % 6}.jpg`),
      file: photo((index + place) % 6),
      label,
      split,
      component: `k${index}`,
      imageId: name(`i${index}${place}`),
      sha256: `${index}${place}`,
      task: 'colour',
    })),
  );
  const train: TrainResult = {
    classes: labels,
    model: {
      network: 'small-cnn',
      head: { units: [8], dropout: 0.1, labelSmoothing: 0 },
      batchSize: 8,
      phases: [{ train: 'all', epochs: 3, optimizer: 'adam', learningRate: 0.001 }],
    },
    parameters: { trained: 10, fixed: 2 },
    history: [1, 2, 3].map((epoch) => ({
      phase: 'all',
      epoch,
      loss: 1 / epoch,
      accuracy: 1 - 1 / (epoch + 1),
      validationLoss: 1.1 / epoch,
      validationAccuracy: 0.9 - 1 / (epoch + 1),
      seconds: 1,
    })),
    keptEpoch: 3,
    temperature: 1.1,
    seconds: 3,
    waitShare: 0.01,
  };
  const evaluation: EvaluationResult = {
    side: 'test',
    classes: labels,
    samples: classes,
    accuracy: 0.66,
    accuracyInterval: [0.3, 0.9],
    naturalAccuracy: 0.7,
    top5: 1,
    macroF1: 0.6,
    loss: 0.9,
    perClass: labels.map((label, index) => ({
      label,
      support: index,
      precision: 0.5,
      recall: index ? 0.5 : Number.NaN,
      f1: 0.5,
    })),
    confusion: labels.map((_, row) =>
      labels.map((__, column) => (row === column ? 2 : column === 0 ? 1 : 0)),
    ),
    mistakes: [
      {
        imageId: name('wrong'),
        path: name('p1.jpg'),
        label: labels[0]!,
        predicted: labels[1]!,
        probability: 0.97,
      },
    ],
  };
  return {
    summary: {
      schemaVersion: 1,
      recipe: { name: 'test', hash: 'h'.repeat(64) },
      source: name('dump'),
      synthetic: false,
      seconds: 12,
      peakMemoryBytes: 5e8,
      backend: { name: 'wasm', device: '1 core' },
      stages: [
        stage('parse', { in: 123, out: 120, merged: 1, quarantined: 2 }),
        stage('explode', { in: 120, added: 77, out: 190, dropped: 7 }),
        stage('join', { in: 190, out: 190, orphans: 5 }),
        stage('balance', { task: 'colour', in: 190, out: 150, capped: 40 }),
      ],
      caches: [
        { path: 'cache-16-x', records: 9, bytes: 1234, height: 16, width: 16, decoder: 'turbo', digest: 'd' },
      ],
      tasks: {
        colour: {
          classes,
          samples: 3 * classes,
          splits: { train: classes, validation: classes, test: classes },
          splitBy: 'component',
          evaluatedOn: 'test',
          accuracy: 0.66,
          accuracyInterval: [0.3, 0.9],
          naturalAccuracy: 0.7,
          top5: 1,
          macroF1: 0.6,
          loss: 0.9,
          epochs: 3,
          trainSeconds: 3,
          trainerWaitShare: 0.01,
        },
      },
    },
    sourceKind: 'abo',
    profile: { listings: 123, shards: 2, columns: [{ name: name('brand'), present: 100, missing: 23 }] },
    ledger: [
      { stage: 'parse', fate: 'quarantined', reason: 'invalid-json', count: 2, examples: [name('s:1')] },
    ],
    tasks: [
      taskReport({
        name: 'colour',
        samples,
        natural: Object.fromEntries(labels.map((label, index) => [label, 10 + index])),
        train,
        evaluation,
        fileOf: () => photo(1),
      }),
    ],
  };
}

async function write(data: ReportData, name = 'report.html'): Promise<string> {
  const file = join(folder.path, name);
  await writeReport(file, data);
  return readFile(file, 'utf8');
}

/** The text between tags. */
const textOf = (page: string) =>
  page.replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]+>/g, ' ');

describe('a report', () => {
  it('is one file that loads nothing', async () => {
    const page = await write(report());
    const addresses = [...page.matchAll(/(?:src|href|action|data|poster|srcset)="([^"]*)"/g)].map(
      ([, address]) => address!,
    );
    const loaded = addresses.filter(
      (address) => !address.startsWith('#') && !address.startsWith('data:image/jpeg;base64,'),
    );
    // Links that are followed by hand: the attribution's.
    expect(
      loaded.every((address) => new RegExp(`<a href="${address.replace(/[.?]/g, '\\$&')}"`).test(page)),
    ).toBe(true);
    expect(page).toContain('default-src &#39;none&#39;');
    expect(page).not.toMatch(/@import|url\((?!#)/);
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  it('has every part: counts, missing values, photos, curves, confusion, classes, mistakes, records, attribution', async () => {
    const page = await write(report());
    for (const heading of [
      'Photos a class',
      'Sample photos',
      'Training',
      'Class by class',
      'Confusion matrix',
      'The most confident mistakes',
      'Where every record went',
      'Missing values',
      'Caches',
      'Attribution',
    ]) {
      expect(page).toMatch(new RegExp(`<h[234][^>]*>(?:<[^>]+>)*${heading}`));
    }
    expect(page.match(/<svg /g)!.length).toBeGreaterThan(6);
    expect(page.match(/<img class="tile"/g)!.length).toBeGreaterThan(9);
    const text = textOf(page);
    for (const number of [
      '66.0\u00a0%',
      '30.0–90.0\u00a0%',
      '97.0\u00a0%',
      '123',
      'invalid-json',
      '23',
      'CC BY 4.0',
    ])
      expect(text).toContain(number);
  });

  it('is the same for the same data', async () => {
    expect(await write(report(), 'again.html')).toBe(await write(report()));
  });

  it('says when the data is synthetic, and does not say whose the photos are then', async () => {
    const data = report();
    data.summary.synthetic = true;
    const text = textOf(await write(data));
    expect(text).toContain('Synthetic data.');
    expect(text).not.toContain('CC BY 4.0');
  });

  it('shows a tile in place of a photo that cannot be read', async () => {
    const data = report();
    const page = await write({
      ...data,
      tasks: data.tasks.map((task) => ({
        ...task,
        classes: task.classes.map((one) => ({
          ...one,
          photos: [{ path: 'gone.jpg', file: '/nowhere/gone.jpg' }],
        })),
      })),
    });
    expect(page).toContain('not readable');
  });

  it('never shows NaN or undefined, whatever is missing', async () => {
    const data = report();
    const [task] = data.tasks;
    const bare: ReportData = {
      summary: { ...data.summary, stages: [], caches: [] },
      sourceKind: 'abo',
      ledger: [],
      tasks: [
        {
          ...task!,
          classes: task!.classes.map(({ natural: _, ...one }) => one),
          train: {
            ...task!.train,
            history: task!.train.history
              .slice(0, 1)
              .map(({ validationLoss, validationAccuracy, ...epoch }) => epoch),
          },
          evaluation: { ...task!.evaluation, mistakes: [] },
        },
      ],
    };
    for (const page of [await write(bare), await write(data)]) {
      expect(textOf(page)).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
    }
  });

  it('stays small with hundreds of classes', async () => {
    const page = await write(report((plain) => plain, 300));
    expect(page.length).toBeLessThan(4e6);
    expect(page.match(/<img class="tile"/g)!.length).toBeLessThan(400);
  });
});

describe('names from the data', () => {
  it('cannot become markup anywhere in the page', async () => {
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e&amp;\u0000\'';
    const page = await write(report((plain) => `${hostile}${plain}`));
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<img src=x/);
    expect(page).not.toContain('alert(1)</script>');
    expect(page).not.toContain('\u0000');
  });

  it('are escaped for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });
});
