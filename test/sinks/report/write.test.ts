import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportData } from '#src/sinks/report/data.js';
import { writeReport } from '#src/sinks/report/write.js';
import { drawPhoto, LABELS, photoFiles, reportData, STAGES } from './build.js';
import { readMarkup, sectionOf, tableOf, textOf } from './markup.js';

let folder: string;
let full: ReportData;
let page: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-report-'));
  full = reportData({ folder: join(folder, 'photos') });
  await Promise.all(photoFiles(full).map(drawPhoto));
  page = await written(full);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(data: ReportData): Promise<string> {
  const file = join(folder, 'report.html');
  await writeReport(file, data);
  return readFile(file, 'utf8');
}

function altsOf(section: string): string[] {
  return readMarkup(section.replace(/^<section[^>]*>/, ''))
    .filter(({ name }) => name === 'img')
    .map(({ attributes }) => attributes.get('alt')!);
}

describe('a report', () => {
  it('has everything that it should have', () => {
    const text = textOf(page);
    for (const heading of [
      'Summary',
      'Photos a class',
      'Sample photos',
      'Training',
      'Class by class',
      'Confusion matrix',
      'The most confident mistakes',
      'What to do next',
      'What the model looks at',
      'Quarantine',
      'Augmentation',
      'Provenance',
      'Where every record went',
      'Same pictures',
      'Families',
      'Boilerplate',
      'What a recipe might do',
      'Missing values',
      'What each key tells of product_type',
      'By brand',
      'Sizes',
      'Conflicts',
      'Caches',
      'Attribution',
    ]) {
      expect(text).toContain(heading);
    }
    expect(sectionOf(page, 'attribution')).toContain('https://creativecommons.org/licenses/by/4.0/');
    expect(text).not.toContain('Synthetic data');
  });

  it('loads nothing from anywhere', () => {
    const links = new Set<string>();
    for (const { name, attributes } of readMarkup(page)) {
      expect(['link', 'iframe', 'object', 'embed', 'base', 'form', 'image', 'use']).not.toContain(name);
      for (const [key, value] of attributes) {
        expect(key).not.toMatch(/^on|^srcset$|^poster$|^action$|xlink:href|^background$/);
        if (key === 'src') expect(value).toMatch(/^data:image\/jpeg;base64,[A-Za-z0-9+/=]+$/);
        if (key === 'href') expect(name).toBe('a');
        if (key === 'href' && !value.startsWith('#')) links.add(new URL(value).origin);
        if (key !== 'href' && key !== 'xmlns') expect(value).not.toMatch(/https?:/);
      }
    }
    expect([...links]).toEqual([
      'https://amazon-berkeley-objects.s3.amazonaws.com',
      'https://creativecommons.org',
    ]);
    for (const [, address] of page.matchAll(/url\(([^)]*)\)/g)) expect(address).toMatch(/^#/);
    expect(page).not.toMatch(/@import|\bimport\s*\(|\bfetch\(|XMLHttpRequest/);
  });

  it('allows only its own script', () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)![1]!;
    const policy = readMarkup(page).find(({ attributes }) => attributes.has('http-equiv'))!;
    const hash = createHash('sha256').update(script).digest('base64');
    const content = policy.attributes.get('content')!.replaceAll('&#39;', "'");
    expect(content).toContain("default-src 'none'");
    expect(content).toContain(`script-src 'sha256-${hash}'`);
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it('has unique ids, and each of its own links and references leads to one', () => {
    const tags = readMarkup(page);
    const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = tags.flatMap(({ attributes }) => [
      ...[attributes.get('href') ?? ''].filter((href) => href.startsWith('#')).map((href) => href.slice(1)),
      ...(attributes.has('aria-labelledby') ? [attributes.get('aria-labelledby')!] : []),
      ...[...attributes.values()].flatMap((value) => /^url\(#(.*)\)$/.exec(value)?.[1] ?? []),
    ]);
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is the same for the same data, whatever was drawn before', async () => {
    await written(reportData({ synthetic: true }));
    expect(await written(structuredClone(full))).toBe(page);
  });

  it('shows photos of each class and of the mistakes', () => {
    const alts = altsOf(sectionOf(page, 'task-1-samples'));
    expect(alts).toHaveLength(LABELS.length * 6);
    for (const label of LABELS) expect(alts.filter((alt) => alt.startsWith(`${label}:`))).toHaveLength(6);
    const mistakes = sectionOf(page, 'task-1-mistakes');
    const cells = sectionOf(page, 'task-1-confusion');
    const { mistakes: all } = full.tasks[0]!.evaluation;
    expect(all.length).toBeGreaterThan(3);
    expect(mistakes.match(/<img /g)).toHaveLength(Math.min(24, all.length));
    for (const { path } of all) expect(mistakes).toContain(path);
    for (const { path } of all) expect(cells).toContain(`alt="Photo ${path}, labelled`);
    expect(cells.match(/<a href="#task-1-confusion-\d+-\d+">/g)!.length).toBe(
      full.tasks[0]!.evaluation.confusion.flat().filter((photos) => photos > 0).length,
    );
  });
});

describe('where every record went', () => {
  it('has each stage with the summary’s numbers, which add up', () => {
    const rows = tableOf(sectionOf(page, 'records'), 'The account of each stage');
    expect(rows).toHaveLength(STAGES.length);
    rows.forEach(([stage, ...cells], index) => {
      const { name, task, out, dropped, merged, capped, quarantined, ...one } = STAGES[index]!;
      expect(stage).toBe(task === undefined ? name : `${name} · ${task}`);
      const numbers = cells.slice(0, 7).map((cell) => Number(cell.replaceAll(',', '')));
      expect(numbers).toEqual([one.in, one.added, out, dropped, merged, capped, quarantined]);
      const [entered = 0, added = 0, ...fates] = numbers;
      expect(fates.reduce((sum, fate) => sum + fate, 0)).toBe(entered + added);
      expect(cells[7]).toBe('yes');
    });
  });

  it('says so where a stage does not add up', async () => {
    const stages = STAGES.map((stage) => (stage.name === 'join' ? { ...stage, dropped: 9 } : stage));
    const rows = tableOf(
      await written({ ...full, summary: { ...full.summary, stages } }),
      'The account of each stage',
    );
    expect(rows.map((row) => row[8])).toEqual(['yes', 'yes', 'no', 'yes', 'yes', 'yes', 'yes']);
  });

  it('lists the ledger by reason, and the rows that no listing names', () => {
    const section = sectionOf(page, 'records');
    const rows = tableOf(section, 'The ledger, by stage and reason');
    expect(rows.map(([, fate, reason, records]) => [fate, reason, Number(records)])).toEqual(
      full.ledger.map(({ fate, reason, count }) => [fate, reason, count]),
    );
    expect(textOf(section)).toContain('5 rows of the image table are named by no listing.');
  });

  it('shows the ledger of given samples, which have no stages', async () => {
    const given = { ...reportData({ curated: false }), ledger: full.ledger };
    const section = sectionOf(await written(given), 'records');
    expect(textOf(section)).toContain('No stage ran');
    expect(tableOf(section, 'The ledger, by stage and reason')).toHaveLength(full.ledger.length);
  });
});

describe('the tables', () => {
  it('give the counts before and after the cap', () => {
    const rows = tableOf(page, 'Photos a class before and after the cap, by side');
    expect(rows[5]).toEqual(['TABLE', '87', '12', '6', '2', '4']);
    expect(rows.map(([label]) => label)).toEqual(LABELS);
  });

  it('give each key of the listings, the emptiest first', () => {
    const rows = tableOf(page, 'Keys of the listings, the emptiest first');
    expect(rows).toHaveLength(28);
    const filled = rows.map(([key, times, share]) => [key, times, share]);
    expect(filled[0]).toEqual(['3dmodel_id', '0', '100.0 %']);
    expect(filled).toContainEqual(['finish_type', '1', '75.0 %']);
    expect(filled).toContainEqual(['brand', '2', '50.0 %']);
    expect(filled.at(-1)).toEqual(['product_type', '4', '0.0 %']);
    // As the page of `explore`, drawn too.
    expect(sectionOf(page, 'keys-missing').match(/<svg role="img"/g)).toHaveLength(2);
  });

  it('give each class of the evaluation, the weakest first', () => {
    const rows = tableOf(page, 'Precision, recall and F1 of each class');
    expect(rows.map(([label]) => label).sort()).toEqual(LABELS);
    const f1 = rows.map((row) => Number.parseFloat(row[4]!));
    expect(f1).toEqual([...f1].sort((a, b) => a - b));
  });
});

describe('the gallery of duplicates', () => {
  it('shows each group, its representative first, and why each photo is in it', () => {
    const same = sectionOf(page, 'duplicates-same');
    expect(textOf(same)).toContain('1 group of 2 images, each merged into its representative');
    expect(textOf(same)).toContain('1 by bytes, 1 by pixels');
    expect(altsOf(same)).toEqual(['image 40same', 'image 41same']);
    expect(textOf(same)).toMatch(/40same\s*representative\s*41same\s*same bytes, same pixels/);
    const family = sectionOf(page, 'duplicates-family');
    expect(textOf(family)).toContain('8 images by item, near, up to 7 bits apart; 6 are shown');
    expect(textOf(family)).toMatch(
      /51fam\s*7 bits apart\s*52fam\s*same item\s*53fam\s*same item, with\s*52fam/,
    );
    // One is not in the image table; one belongs to it by what it was merged with.
    expect(altsOf(family)).toEqual(['50fam', '51fam', '52fam', '53fam', '54fam'].map((id) => `image ${id}`));
    expect(family.match(/not readable/g)).toHaveLength(1);
    expect(textOf(family)).toMatch(/54fam\s*the same picture as another/);
  });

  it('shows what was pruned as boilerplate', () => {
    const text = textOf(sectionOf(page, 'duplicates-boilerplate'));
    expect(text).toContain('2 pictures of 3 images were pruned before anything was linked');
    expect(text).toContain('the 1 in the most listings are shown');
    expect(text).toMatch(/60logo\s*80 listings, 9 product types/);
  });
});

describe('photos that cannot be read', () => {
  it('leave a placeholder, whether they are gone, empty, cut or no photo', async () => {
    const photos = join(folder, 'broken');
    const data = reportData({ folder: photos, labels: ['A'], mistakes: 0 });
    const [good, gone, empty, cut, text] = photoFiles(data);
    await Promise.all([good!, gone!, empty!, cut!].map(drawPhoto));
    await rm(gone!);
    await writeFile(empty!, '');
    await writeFile(cut!, (await readFile(cut!)).subarray(0, 700));
    await writeFile(text!, 'not a photo');
    const section = sectionOf(await written(data), 'task-1-samples');
    expect(section.match(/<img /g)).toHaveLength(1);
    expect(section.match(/not readable/g)).toHaveLength(5);
  });
});

describe('writing', () => {
  it('leaves no half file where it fails or is asked to stop', async () => {
    const file = join(folder, 'stopped.html');
    const signal = AbortSignal.abort();
    await expect(writeReport(file, full, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(writeReport(join(folder, 'nowhere', 'report.html'), full)).rejects.toThrow('ENOENT');
    const left = await readdir(folder);
    expect(left.filter((name) => name.includes('unfinished') || name.startsWith('stopped'))).toEqual([]);
  });

  it('replaces an older report', async () => {
    const file = join(folder, 'older.html');
    await writeFile(file, 'older');
    await writeReport(file, full);
    expect(await readFile(file, 'utf8')).toBe(page);
  });
});
