import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { aboSource } from '#src/sources/abo.js';
import { runStage } from '#src/stage.js';
import { explode } from '#src/stages/explode.js';
import { join as joinStage } from '#src/stages/join.js';
import { parse } from '#src/stages/parse.js';
import { PRODUCT_TYPES } from '#src/synth/draw/index.js';
import { synthesize } from '#src/synth/dump.js';
import {
  isSyntheticDump,
  readTruth,
  TRUTH,
  type TruthLine,
  type TruthPhoto,
  type TruthProduct,
} from '#src/synth/truth.js';
import { collect, testContext } from '../context.js';

const LISTINGS = 300;
const { signal } = new AbortController();
let root = '';
let dump = '';
let truth: TruthLine[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'synth-'));
  dump = join(root, 'dump');
  await synthesize({ out: dump, listings: LISTINGS, seed: 7, workers: 3, signal });
  truth = await collect(readTruth(dump));
});

afterAll(() => rm(root, { recursive: true, force: true }));

const of = <Kind extends TruthLine['kind']>(kind: Kind) =>
  truth.filter((line): line is Extract<TruthLine, { kind: Kind }> => line.kind === kind);
const withTrait = (trait: TruthProduct['trait']) =>
  of('product').filter((product) => product.trait === trait);
const bytesOf = ({ path }: TruthPhoto) => readFile(join(dump, 'images/small', path));

async function rowsOf(folder: string): Promise<Map<string, Record<string, unknown>>> {
  const rows = new Map<string, Record<string, unknown>>();
  for (const shard of await readdir(join(folder, 'listings/metadata'))) {
    const text = gunzipSync(await readFile(join(folder, 'listings/metadata', shard))).toString();
    for (const [at, line] of text.trimEnd().split('\n').entries())
      rows.set(`${shard}:${at + 1}`, JSON.parse(line));
  }
  return rows;
}

/** Every file of a folder, by its path, hashed. */
async function digests(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const entries = await Promise.all(
    files.map(async (file) => {
      const hash = createHash('sha256').update(await readFile(file));
      return [file.slice(folder.length), hash.digest('hex')] as const;
    }),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

it('is the same, byte by byte, for any number of workers, and another one for another seed', async () => {
  const write = async (name: string, seed: number, workers: number) => {
    await synthesize({ out: join(root, name), listings: 60, seed, workers, signal });
    return digests(join(root, name));
  };
  const alone = await write('alone', 5, 1);
  expect(Object.keys(alone).length).toBeGreaterThan(60);
  expect(await write('four', 5, 4)).toEqual(alone);
  const other = await write('other', 6, 4);
  expect(Object.keys(other)).not.toEqual(Object.keys(alone));
});

it('is read by the source and the first stages, whose accounts agree with the truth', async () => {
  const source = await aboSource({ dir: dump });
  const context = testContext();
  const listings = runStage(parse(), source.rows(signal), context);
  const views = runStage(explode({ views: 'all' }), listings, context);
  const images = () => source.images(signal);
  const { imagesRoot } = source;
  const joined = await collect(runStage(joinStage({ images, imagesRoot, photos: 'stat' }), views, context));
  const [parsed, exploded, matched] = context.counts;
  const [totals] = of('totals');
  expect(parsed).toMatchObject({ in: LISTINGS, merged: totals!.identicalRows, quarantined: 0 });
  expect(exploded).toMatchObject({ dropped: totals!.listingsWithoutImage });
  expect(exploded!.out).toBe(totals!.views);
  expect(matched).toMatchObject({ dropped: totals!.viewsUnknown + totals!.viewsMissing, quarantined: 0 });
  expect(joined).toHaveLength(totals!.views - totals!.viewsUnknown - totals!.viewsMissing);
  expect(context.entries.filter(({ reason }) => reason === 'image-unknown')).toHaveLength(
    totals!.viewsUnknown,
  );
  // An image that is not on disk is named all the same: orphans are only the rows that no listing names.
  expect(matched!.orphans).toBe(totals!.orphans);
  expect(totals!.orphans).toBe(3);
});

it('stays under the limit of bad photos', () => {
  const [totals] = of('totals');
  const { cut, empty, text } = totals!.damaged;
  expect([cut, empty, text]).toEqual([1, 1, 1]);
  expect(cut + empty + text).toBeLessThan(0.01 * totals!.views);
});

describe('the photos', () => {
  it('are JPEGs of at most 256 pixels, or damaged where the truth says so', async () => {
    for (const photo of of('product').flatMap(({ photos }) => photos)) {
      if (photo.state === 'missing' || photo.state === 'unlisted') {
        await expect(bytesOf(photo), photo.path).rejects.toThrow('ENOENT');
        continue;
      }
      const bytes = await bytesOf(photo);
      if (photo.state === 'whole') {
        const { format, width, height } = await sharp(bytes).metadata();
        expect(format).toBe('jpeg');
        expect(Math.max(width, height)).toBe(256);
      } else {
        const decoded = async () => sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
        await expect(decoded(), photo.path).rejects.toThrow();
      }
    }
  });

  it('show every product type, unevenly often', () => {
    const counts = PRODUCT_TYPES.map(
      (type) => of('product').filter(({ productType }) => productType === type).length,
    );
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeGreaterThan(2 * Math.min(...counts));
  });

  it('are copies, encoded again or stretched as their trait says', async () => {
    for (const trait of ['byte-duplicate', 're-encoded', 'stretched'] as const) {
      for (const { photos } of withTrait(trait)) {
        const half = photos.length / 2;
        for (const [at, first] of photos.slice(0, half).entries()) {
          const second = photos[half + at]!;
          expect(second.picture).toBe(first.picture);
          expect(second.imageId).not.toBe(first.imageId);
          const [one, two] = [await bytesOf(first), await bytesOf(second)];
          expect(one.equals(two), trait).toBe(trait === 'byte-duplicate');
          const { width, height } = await sharp(two).metadata();
          if (trait === 'stretched') expect([width, height]).toEqual([256, 256]);
          expect(await difference(one, two), trait).toBeLessThan(3);
        }
      }
    }
  });

  it('show one shot in other colours where the trait says so', async () => {
    for (const { photos } of withTrait('color-variants')) {
      const [first, ...others] = photos.filter(({ family }) => family === photos[0]!.family);
      expect(new Set([first, ...others].map((photo) => photo!.color)).size).toBe(3);
      for (const other of others) {
        const [one, two] = await Promise.all(
          [first!, other].map(async (photo) => sharp(await bytesOf(photo)).metadata()),
        );
        expect([one!.width, one!.height]).toEqual([two!.width, two!.height]);
        expect(other.picture).not.toBe(first!.picture);
      }
    }
  });
});

/** Mean difference of two photos in levels, both at 32 × 32. */
async function difference(one: Buffer, two: Buffer): Promise<number> {
  const [a, b] = await Promise.all(
    [one, two].map((bytes) => sharp(bytes).resize(32, 32, { fit: 'fill' }).raw().toBuffer()),
  );
  return a!.reduce((sum, level, at) => sum + Math.abs(level - b![at]!), 0) / a!.length;
}

describe('the rows', () => {
  it('stand where the truth says and repeat, differ or conflict as their trait says', async () => {
    const rows = await rowsOf(dump);
    expect(rows.size).toBe(LISTINGS);
    for (const { trait, listings } of of('product')) {
      const [first, second] = listings.map(({ shard, line }) => rows.get(`${shard}:${line}`)!);
      expect(first!['item_id']).toBe(listings[0]!.itemId);
      const images = (row: Record<string, unknown>) => [
        row['main_image_id'],
        ...((row['other_image_id'] as string[]) ?? []),
      ];
      if (trait === 'identical-row') expect(second).toEqual(first);
      if (trait === 'same-item') {
        expect(second!['item_id']).toBe(first!['item_id']);
        expect(second).not.toEqual(first);
      }
      if (trait === 'type-conflict' || trait === 'color-conflict') {
        expect(images(second!)).toEqual(images(first!));
        const said = trait === 'type-conflict' ? 'productType' : 'color';
        expect(listings[1]![said]).not.toBe(listings[0]![said]);
      }
      if (trait === 'shared') {
        expect(second!['main_image_id']).toBe(first!['main_image_id']);
        expect(second!['item_id']).not.toBe(first!['item_id']);
        expect(second!['domain_name']).not.toBe(first!['domain_name']);
      }
      if (trait === 'no-main-image') expect(Object.keys(first!)).not.toContain('main_image_id');
      if (trait === 'no-image')
        expect(Object.keys(first!).filter((key) => key.endsWith('image_id'))).toEqual([]);
    }
  });

  it('share boilerplate photos', async () => {
    const rows = [...(await rowsOf(dump)).values()];
    expect(of('boilerplate').length).toBeGreaterThan(1);
    for (const { imageId, listings } of of('boilerplate')) {
      const named = rows.filter((row) => (row['other_image_id'] as string[] | undefined)?.includes(imageId));
      expect(named).toHaveLength(listings);
      expect(listings).toBeGreaterThan(5);
    }
  });
});

describe('the folder', () => {
  it('is left alone when it holds something else', async () => {
    const other = await mkdtemp(join(root, 'other-'));
    await writeFile(join(other, 'thesis.txt'), 'mine');
    await expect(synthesize({ out: other, listings: 5, seed: 1, signal })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(await readdir(other)).toEqual(['thesis.txt']);
    await writeFile(join(other, TRUTH), 'no gzip');
    expect(await isSyntheticDump(other)).toBe(false);
  });

  it('is not taken for whole when cut short, and is written anew', async () => {
    const out = join(root, 'cut');
    await synthesize({ out, listings: 20, seed: 1, signal });
    const whole = await digests(out);
    expect(await isSyntheticDump(out)).toBe(true);
    const controller = new AbortController();
    const events = eventBus();
    events.events.subscribe(() => controller.abort());
    const cut = synthesize({ out, listings: 5000, seed: 1, workers: 1, signal: controller.signal, events });
    await expect(cut).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await isSyntheticDump(out)).toBe(false);
    await synthesize({ out, listings: 20, seed: 1, signal });
    expect(await digests(out)).toEqual(whole);
  });

  it('refuses a number of listings that is none', async () => {
    for (const listings of [0, -1, 1.5, Number.NaN, 2 ** 40]) {
      await expect(synthesize({ out: join(root, 'none'), listings, seed: 1, signal })).rejects.toMatchObject({
        code: 'USAGE',
      });
    }
    await expect(stat(join(root, 'none'))).rejects.toThrow('ENOENT');
  });
});
