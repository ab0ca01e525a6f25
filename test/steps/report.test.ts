import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Exploration } from '#src/explore/exploration.js';
import type { LedgerEntry } from '#src/ledger.js';
import type { DuplicateGroup, PrunedPicture } from '#src/stages/deduplicate.js';
import type { Summary } from '#src/summary.js';
import { makeRun, runOn } from '../audit/run.js';
import { jsonLines, pipeline, temporaryFolder } from '../fixtures.js';
import { readMarkup, sectionOf, tableOf, textOf } from '../sinks/report/markup.js';

const PIPELINE = fileURLToPath(new URL('../../bin/pipeline', import.meta.url));

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let page: string;
const read = (name: string) => readFile(join(run, name), 'utf8');
const exploration = async () => JSON.parse(await read('exploration.json')) as Exploration;
beforeAll(async () => {
  folder = await temporaryFolder('report');
  ({ dump, run } = await makeRun(folder.path, { until: 'report' }));
  page = await read('report.html');
}, 120_000);
afterAll(() => folder.dispose());

it('keeps what `pipeline explore` tells of the dump, word for word, and shows it', async () => {
  const { stdout } = await pipeline(['explore', '--source', dump, '-q', '--json']);
  const found = await exploration();
  expect(found).toEqual(JSON.parse(stdout));
  const keys = tableOf(sectionOf(page, 'keys'), 'Keys of the listings, the emptiest first');
  expect(keys.map(([name, filled]) => [name, Number(filled!.replace(',', ''))])).toEqual(
    [...found.keys]
      .sort((a, b) => b.missing - a.missing || (a.name < b.name ? -1 : 1))
      .map(({ name, present }) => [name, present]),
  );
});

it('explores by the first task’s attribute, the recipe’s languages and what it calls boilerplate', async () => {
  const out = join(folder.path, 'other');
  await runOn(dump, out, {
    until: 'curate',
    more: 'language: [de_*, "*"]\ndeduplicate: { boilerplate: { listings: 10, types: 2 } }\nsplit: { by: image }\n',
  });
  const { stdout } = await pipeline(
    ['explore', '--source', dump, '-q', '--json', '--language', 'de_*,*', '--boilerplate', '10,2'],
  ); // biome-ignore format: one line
  expect(JSON.parse(await readFile(join(out, 'exploration.json'), 'utf8'))).toEqual(JSON.parse(stdout));
});

it('shows the groups that curation wrote', async () => {
  const groups = jsonLines<DuplicateGroup>(await read('duplicates.jsonl'));
  for (const relation of ['same', 'family'] as const) {
    const own = groups.filter((group) => group.relation === relation);
    const images = own.reduce((sum, group) => sum + group.images.length, 0);
    expect(own.length).toBeGreaterThan(12);
    const section = sectionOf(page, `duplicates-${relation}`);
    expect(textOf(section)).toContain(`${own.length} groups of ${images} images`);
    const figures = section.split('<figure>').slice(1);
    expect(figures).toHaveLength(12);
    for (const figure of figures) {
      const ids = [...figure.matchAll(/alt="image ([^"]+)"/g)].map(([, id]) => id!);
      const group = own.find(({ representative }) => representative === ids[0])!;
      expect(group.images).toEqual(expect.arrayContaining(ids));
      expect(ids).toHaveLength(Math.min(6, group.images.length));
    }
  }
  // Merged images have a picture too: the image table knows their file.
  expect(page).not.toContain('not readable');
  readMarkup(page);
  expect(page.length).toBeLessThan(2_500_000);
});

it('writes and shows what was pruned as boilerplate', async () => {
  const pruned = jsonLines<PrunedPicture>(await read('boilerplate.jsonl'));
  const ledger = jsonLines<LedgerEntry>(gunzipSync(await readFile(join(run, 'ledger.jsonl.gz'))).toString());
  const dropped = ledger.filter(({ reason }) => reason === 'boilerplate');
  expect(pruned.length).toBeGreaterThan(0);
  expect(pruned.map(({ representative, listings, types }) => [representative, `in ${listings} listings of ${types} product types`])).toEqual(dropped.map(({ key, detail }) => [key, detail])); // biome-ignore format: one line
  const text = textOf(sectionOf(page, 'duplicates-boilerplate'));
  for (const { representative } of pruned) expect(text).toContain(representative);
});

it('says which command makes the run again, and it does', async () => {
  const provenance = sectionOf(page, 'provenance');
  const [, line] = /<dt>Make the run again<\/dt><dd><code>pipeline ([^<]*)</.exec(provenance)!;
  await promisify(execFile)('sh', ['-c', `"${process.execPath}" "${PIPELINE}" ${line} -q`], { cwd: run });
  const summaryOf = async (path: string) =>
    JSON.parse(await readFile(join(path, 'summary.json'), 'utf8')) as Summary;
  const [first, again] = [await summaryOf(run), await summaryOf(join(run, '../again'))];
  expect(again.recipe).toEqual(first.recipe);
  expect(again.caches.map(({ digest }) => digest)).toEqual(first.caches.map(({ digest }) => digest));
  for (const [task, { accuracy, loss, samplesDigest }] of Object.entries(first.tasks)) {
    expect(again.tasks[task]).toMatchObject({ accuracy, loss, samplesDigest });
  }
  expect(provenance).toContain(first.recipe.hash);
}, 240_000);

it('writes the figures, and shows where the model sees classes', async () => {
  const figures = await readdir(join(run, 'figures'));
  expect(figures).toContain('records.svg');
  expect(figures).toEqual(expect.arrayContaining(['product_type-confusion.svg', 'color-confusion.svg']));
  expect(sectionOf(page, 'task-1-explained')).toMatch(/alt="Where it looks like /);
});
