import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gallery, openGallery } from '#src/similar/gallery.js';
import { type GalleryEntry, writeGallery } from '#src/similar/write.js';
import { tarEntries } from '#src/sources/tar.js';
import { iterate } from '#src/streams.js';
import { jpeg, temporaryFolder } from '../fixtures.js';
import { drawnEntries } from './drawn.js';

const WIDTH = 20;
let folder: { path: string; dispose(): Promise<void> };
let gallery: Gallery;
let entries: GalleryEntry[];
const at = (name: string) => join(folder.path, name);
const write = (path: string, some: readonly GalleryEntry[]) =>
  writeGallery(path, { model: 'product_type', tasks: ['product_type'], photos: some.length }, iterate(some));

beforeAll(async () => {
  folder = await temporaryFolder('gallery');
  entries = drawnEntries(20, { width: WIDTH });
  // One that could not be read.
  for (const [index, entry] of entries.entries()) if (index !== 3) entry.thumbnail = await jpeg(index);
  await write(at('run/model/product_type/gallery'), entries);
  gallery = await openGallery(at('run'));
});
afterAll(async () => {
  await gallery.close();
  await folder.dispose();
});

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from({ length: WIDTH }, (_, i) => x[i]! * y[i]!).reduce((sum, value) => sum + value, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

it('is found from its own folder, its model’s, RUN/model and the run’s', async () => {
  for (const path of ['run/model/product_type/gallery', 'run/model/product_type', 'run/model', 'run']) {
    const opened = await openGallery(at(path));
    expect(opened.folder).toBe(at('run/model/product_type/gallery'));
    await opened.close();
  }
  await expect(openGallery(at('nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('keeps what is known of each photo, and finds it by any of its names', () => {
  expect(gallery).toMatchObject({ model: 'product_type', tasks: ['product_type'], length: 40, width: WIDTH });
  for (const [index, { photo }] of entries.entries()) {
    expect(gallery.photo(index)).toEqual(photo);
    expect(gallery.component(index)).toBe(photo.component);
    expect(gallery.side(index)).toBe(photo.split);
    for (const name of [photo.imageId, photo.sha256, ...(photo.images ?? [])]) {
      expect(gallery.find(name)).toBe(index);
    }
  }
  expect(gallery.find('image40')).toBeUndefined();
});

it('gives the nearest of all photos by the cosine, as float32 would within the rounding to bytes', () => {
  for (const { embedding } of entries.slice(0, 20)) {
    const found = gallery.nearest(embedding, { count: 40 });
    expect(found).toHaveLength(40);
    for (const [rank, { index, similarity }] of found.entries()) {
      expect(Math.abs(similarity - cosine(embedding, entries[index]!.embedding))).toBeLessThan(0.01);
      if (rank > 0) expect(similarity).toBeLessThanOrEqual(found[rank - 1]!.similarity);
    }
    // The length of a query counts for nothing.
    expect(
      gallery.nearest(
        embedding.map((value) => 1000 * value),
        { count: 40 },
      ),
    ).toEqual(found);
  }
});

it('searches by what it gives: a photo is nearest to itself', () => {
  for (let index = 0; index < gallery.length; index++) {
    const [first] = gallery.nearest(gallery.embedding(index), { count: 1 });
    expect(first!.index).toBe(index);
    expect(first!.similarity).toBeCloseTo(1, 6);
    expect(Math.hypot(...gallery.embedding(index))).toBeCloseTo(1, 6);
  }
});

it('leaves a component and others out, and gives no more than asked for', () => {
  const { embedding, photo } = entries[11]!;
  const whole = gallery.nearest(embedding, { count: 40 });
  const without = gallery.nearest(embedding, {
    count: 5,
    withoutComponent: photo.component,
    where: (index) => gallery.side(index) === 'train',
  });
  const expected = whole.filter(
    ({ index }) => gallery.component(index) !== photo.component && gallery.side(index) === 'train',
  );
  expect(without).toEqual(expected.slice(0, 5));
  expect(gallery.nearest(embedding, { count: 3, withoutComponent: 'unknown' })).toEqual(whole.slice(0, 3));
  expect(gallery.nearest(embedding, { count: 0 })).toEqual([]);
  expect(() => gallery.nearest(new Float32Array(WIDTH - 1))).toThrow(RangeError);
});

it('has small JPEGs of the photos that could be read, in an archive for everyone', async () => {
  expect(await gallery.thumbnail(3)).toBeUndefined();
  const bytes = await gallery.thumbnail(4);
  expect(bytes).toEqual(entries[4]!.thumbnail);
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 64, height: 48 });
  const names: string[] = [];
  const { signal } = new AbortController();
  const archive = join(gallery.folder, 'thumbnails.tar');
  for await (const { name } of tarEntries(archive, { signal, hint: '' })) names.push(name);
  expect(names).toHaveLength(39);
  expect(names[3]).toBe('000000004.jpg');
});

it('equal photos give equal bytes, in place of what was there', async () => {
  await write(at('again'), entries.slice(0, 5));
  await write(at('again'), entries);
  for (const name of ['gallery.json', 'photos.jsonl', 'embeddings.npy', 'thumbnails.tar']) {
    const [once, again] = await Promise.all([
      readFile(join(gallery.folder, name)),
      readFile(at(`again/${name}`)),
    ]);
    expect(once.equals(again), name).toBe(true);
  }
});

it('says which of its files is not of one gallery', async () => {
  const broken: [string, (file: string) => Promise<void>][] = [
    ['gallery.json', (file) => writeFile(file, '{}')],
    ['photos.jsonl', (file) => truncate(file, 1000)],
    ['embeddings.npy', (file) => truncate(file, 1000)],
    ['thumbnails.tar', (file) => rm(file)],
  ];
  for (const [name, damage] of broken) {
    const path = at(`broken-${name}`);
    await write(path, entries);
    await damage(join(path, name));
    await expect(openGallery(path)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(name),
    });
  }
});

it('two galleries under one folder are told apart by their models’ folders', async () => {
  await write(at('two/model/a/gallery'), entries);
  await write(at('two/model/b/gallery'), entries);
  await expect(openGallery(at('two'))).rejects.toMatchObject({ code: 'USAGE' });
  const one = await openGallery(at('two/model/b'));
  expect(one.folder).toBe(at('two/model/b/gallery'));
  await one.close();
});
