import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exploration } from '#src/explore/exploration.js';
import { LISTING_KEYS } from '#src/explore/keys.js';
import { synthesize } from '#src/synth/dump.js';
import { readTruth, type TruthLine } from '#src/synth/truth.js';
import { jpeg, pipeline, temporaryFolder, writeDump } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';
import { readMarkup, sectionOf, tableOf, textOf } from '../sinks/report/markup.js';

type Row = Record<string, unknown> & { main_image_id?: string; other_image_id?: string[] };

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('explore');
});
afterAll(() => folder.dispose());

async function exploreDump(dump: string, ...args: string[]): Promise<Exploration> {
  const { code, stdout, stderr } = await pipeline(['explore', '--source', dump, '-q', '--json', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Exploration;
}

/** A dump's rows as they are, each once. */
async function rowsOf(dump: string): Promise<Row[]> {
  const metadata = join(dump, 'listings/metadata');
  const lines = new Set<string>();
  for (const name of await readdir(metadata)) {
    for (const line of gunzipSync(await readFile(join(metadata, name)))
      .toString()
      .split('\n'))
      if (line !== '') lines.add(line);
  }
  return [...lines].map((line) => JSON.parse(line) as Row);
}

function expectFilled(found: Exploration, rows: readonly Row[]): void {
  const filled = (name: string) =>
    rows.filter((row) => row[name] !== undefined && (!Array.isArray(row[name]) || row[name].length > 0))
      .length;
  expect(found.keys.map(({ name, present, missing }) => [name, present, missing])).toEqual(
    LISTING_KEYS.map((name) => [name, filled(name), rows.length - filled(name)]),
  );
}

describe('a synthetic dump', () => {
  let dump: string;
  let found: Exploration;
  const truth: TruthLine[] = [];
  beforeAll(async () => {
    dump = join(folder.path, 'synthetic');
    await synthesize({ out: dump, listings: 400, seed: 7, workers: 2, signal: new AbortController().signal });
    for await (const line of readTruth(dump)) truth.push(line);
    found = await exploreDump(dump, '--photos', 'hash', '--boilerplate', '21,50');
  });

  it('is found to hold what its truth file says', () => {
    const totals = truth.find((line) => line.kind === 'totals')!;
    expect(found.synthetic).toBe(true);
    expect(found.rows).toEqual({ read: 400, identical: totals.identicalRows, unreadable: 0 });
    expect(found.photos.views).toBe(totals.views);
    expect(found.table).toMatchObject({ images: totals.tableRows, orphans: totals.orphans, repeatedIds: 0 });
    const photos = truth.flatMap((line) => (line.kind === 'product' ? line.photos : []));
    expect(found.photos.notInTable).toBe(photos.filter(({ state }) => state === 'unlisted').length);
    expect(found.files!.unreadable).toBe(photos.filter(({ state }) => state === 'missing').length);
    const often = truth.filter((line) => line.kind === 'boilerplate').filter(({ listings }) => listings > 21);
    expect(often.length).toBeGreaterThan(0);
    expect(found.boilerplate.most.map(({ imageId }) => imageId).sort()).toEqual(
      often.map(({ imageId }) => imageId).sort(),
    );
  });

  it('has the files of the same bytes that were copied', () => {
    const copied = truth
      .filter((line) => line.kind === 'product')
      .filter(({ trait }) => trait === 'byte-duplicate')
      .flatMap((product) => product.photos)
      .filter(({ imageId, picture }) => imageId !== picture);
    expect(copied.length).toBeGreaterThan(5);
    const spare = new Set(found.files!.most.flat());
    expect(found.files!.spare).toBe(copied.length);
    expect(copied.every(({ imageId, picture }) => spare.has(imageId) && spare.has(picture))).toBe(true);
  });

  it('has its keys, types and conflicts counted as a plain count of its rows does', async () => {
    const rows = await rowsOf(dump);
    expect(found.listings).toBe(rows.length);
    expectFilled(found, rows);
    const types = new Map<string, number>();
    const byPhoto = new Map<string, string[]>();
    for (const row of rows) {
      const said = row['product_type'] as string | [{ value: string }] | undefined;
      const type = typeof said === 'string' ? said : said?.[0].value;
      if (type === undefined) continue;
      types.set(type, (types.get(type) ?? 0) + 1);
      for (const id of new Set([row.main_image_id, ...(row.other_image_id ?? [])])) {
        if (id !== undefined) byPhoto.set(id, [...(byPhoto.get(id) ?? []), type]);
      }
    }
    const { top } = found.breakdowns.find(({ name }) => name === 'product_type')!;
    expect(new Map(top.map(({ value, listings }) => [value, listings]))).toEqual(types);
    const shared = [...byPhoto.values()].filter((all) => all.length > 1);
    expect(found.conflicts.find(({ name }) => name === 'product_type')).toEqual({
      name: 'product_type',
      compared: shared.length,
      conflicting: shared.filter((all) => new Set(all).size > 1).length,
    });
    for (const { name, photos } of found.classes) {
      expect(photos).toBe([...byPhoto.values()].filter((all) => all.includes(name)).length);
    }
  });

  it('ranks what says the type above what does not, and ids nowhere', () => {
    const explained = (name: string) => found.keys.find((key) => key.name === name)!.information!.explained;
    expect(explained('item_keywords')).toBeGreaterThan(0.5);
    expect(explained('item_id')).toBeLessThan(0.05);
    expect(explained('main_image_id')).toBeLessThan(0.1);
    // Drawn by the row, with nothing to do with the type.
    expect(Math.abs(explained('model_year'))).toBeLessThan(0.05);
  });

  it('gives the same bytes again, as text and as a page too', async () => {
    expect(await exploreDump(dump, '--photos', 'hash', '--boilerplate', '21,50')).toEqual(found);
    const pages: string[] = [];
    for (const name of ['a.html', 'b.html']) {
      const out = join(folder.path, name);
      const { code, stdout } = await pipeline(['explore', '--source', dump, '-q', '--out', out]);
      expect(code).toBe(0);
      expect(stdout).toContain('What a recipe might do');
      pages.push(await readFile(out, 'utf8'));
    }
    expect(pages[0]).toBe(pages[1]);
    readMarkup(pages[0]!);
    expect(textOf(pages[0]!)).toContain('Synthetic data');
    const keys = tableOf(sectionOf(pages[0]!, 'keys'), 'Keys of the listings, the emptiest first');
    expect(keys.map(([name]) => name).sort()).toEqual([...LISTING_KEYS].sort());
  });

  const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
  if (chromium === undefined) console.warn('SKIPPED: no Chromium to show a page in');
  it.skipIf(chromium === undefined)(
    'is shown by a browser without a complaint, and its tables sort',
    async () => {
      const out = join(folder.path, 'shown.html');
      await pipeline(['explore', '--source', dump, '-q', '--out', out]);
      const profile = join(folder.path, 'profile');
      const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--enable-logging=stderr', `--user-data-dir=${profile}`, '--dump-dom', `file://${out}`]; // biome-ignore format: one line
      const { stdout, stderr } = await promisify(execFile)(chromium!, args, {
        maxBuffer: 2 ** 26,
        timeout: 50_000,
      });
      expect(stderr).not.toMatch(/CONSOLE|Refused|violates/);
      // The page's own script ran: headings became buttons.
      expect(stdout.match(/<th scope="col"[^>]*><button/g)!.length).toBeGreaterThan(20);
      expect(stdout).toContain('<svg role="img"');
    },
  );
});

describe('what is asked wrongly', () => {
  it('says so', async () => {
    const dump = join(folder.path, 'small');
    await mkdir(dump);
    const hostile = '<script>alert(1)</script>\u001b[31m';
    await writeDump(dump, {
      shards: {
        'listings_0.json.gz': [{ item_id: 'A', product_type: [{ value: hostile }], main_image_id: 'p' }],
      },
      images: [{ id: 'p', bytes: await jpeg(1) }],
    });
    const unknown = await pipeline(['explore', '--source', dump, '-q', '--task', 'nothing']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Expected a key that listings have for --task but received "nothing"');
    const out = join(folder.path, 'hostile.html');
    const text = await pipeline(['explore', '--source', dump, '-q', '--out', out]);
    expect(text.code).toBe(0);
    expect(text.stdout).not.toContain('\u001b');
    const page = await readFile(out, 'utf8');
    readMarkup(page);
    expect(page).not.toContain('<script>alert');
    expect((await pipeline(['explore', '--source', join(dump, 'nowhere'), '-q'])).code).toBe(1);
  });
});

describe.skipIf(absent(SAMPLE))('genuine data', () => {
  it('rows as ABO ships them: every key, and photos that two marketplaces share', async () => {
    const rows = (await readFile(join(SAMPLE, 'genuine_rows.jsonl'), 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Row); // biome-ignore format: one line
    const dump = join(folder.path, 'genuine');
    await writeDump(dump, { shards: { 'listings_0.json.gz': rows }, images: [] });
    const found = await exploreDump(dump);
    expect(found.listings).toBe(7);
    expectFilled(found, rows);
    const ids = rows.map((row) => [...new Set([...(row.main_image_id === undefined ? [] : [row.main_image_id]), ...(row.other_image_id ?? [])])]); // biome-ignore format: one line
    expect(found.photos).toMatchObject({ named: new Set(ids.flat()).size, views: ids.flat().length });
    // The first two rows are one product with the same four photos; two others share two.
    expect(ids[0]!.filter((id) => ids[1]!.includes(id))).toHaveLength(4);
    expect(found.photos.byListings.find(({ listings }) => listings === 2)!.photos).toBe(6);
    expect(found.keys.find(({ name }) => name === 'bullet_point')!.languages[0]!.listings).toBeGreaterThan(0);
  });

  it('the sample: 7,995 photos, one a listing, and no key with a value a listing that wins', async () => {
    const found = await exploreDump(SAMPLE);
    expect(found.listings).toBe(7995);
    expectFilled(found, await rowsOf(SAMPLE));
    expect(found.photos).toMatchObject({
      named: 7995,
      views: 7995,
      notInTable: 0,
      byListings: [{ listings: 1, photos: 7995 }],
    });
    const ranked = found.keys.flatMap(({ name, information }) =>
      information ? [[name, information.explained] as const] : [],
    );
    const best = ranked.sort(([, a], [, b]) => b - a).map(([name]) => name);
    expect(best.slice(0, 3)).toEqual(['brand', 'item_keywords', 'color']);
    for (const name of ['item_id', 'main_image_id', 'item_name']) {
      expect(Math.abs(ranked.find(([key]) => key === name)![1])).toBeLessThan(0.01);
    }
  });
});
