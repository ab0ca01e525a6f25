import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gallery, openGallery } from '#src/similar/gallery.js';
import { scoreGallery } from '#src/similar/score.js';
import { queryOfImage, similarPhotos } from '#src/similar/similar-photos.js';
import { writeGallery } from '#src/similar/write.js';
import { iterate } from '#src/streams.js';
import { temporaryFolder } from '../fixtures.js';
import { drawnEntries } from './drawn.js';

const { signal } = new AbortController();
const OPTIONS = { count: 4, queries: 1000, seed: 1, signal };
const entries = drawnEntries(40);
// A component of one photo has no family to be found, and a photo that is no sample of the task no label.
entries.push(...drawnEntries(1).slice(0, 1));
Object.assign(entries[80]!.photo, { imageId: 'alone', component: 'alone', sha256: 'alone' });
entries[79]!.photo.labels = { color: 'red' };

let folder: { path: string; dispose(): Promise<void> };
let gallery: Gallery;
let units: number[][];

beforeAll(async () => {
  folder = await temporaryFolder('similar-score');
  const path = join(folder.path, 'gallery');
  const description = { model: 'product_type', tasks: ['product_type'], photos: entries.length };
  await writeGallery(path, description, iterate(entries));
  gallery = await openGallery(path);
  units = entries.map((_, index) => Array.from(gallery.embedding(index)));
});
afterAll(async () => {
  await gallery.close();
  await folder.dispose();
});

/** All other photos, the most similar first, by float64. */
function ranked(index: number): number[] {
  const cosines = units.map((unit) => unit.reduce((sum, value, at) => sum + value * units[index]![at]!, 0));
  const others = [...entries.keys()].filter((other) => other !== index);
  return others.sort((a, b) => cosines[b]! - cosines[a]! || a - b);
}

it('scores what a search by hand finds', async () => {
  const score = await scoreGallery(gallery, OPTIONS);
  const photos = entries.map(({ photo }) => photo);
  const queries = [...photos.keys()].filter((index) => photos[index]!.split === 'test');
  const shares = queries.map((index) => {
    const near = ranked(index).filter(
      (other) => photos[other]!.split === 'train' && photos[other]!.labels['product_type'],
    );
    const label = photos[index]!.labels['product_type'];
    return near.slice(0, 4).filter((other) => photos[other]!.labels['product_type'] === label).length / 4;
  });
  const families = [...photos.keys()].filter((index) => photos[index]!.component !== 'alone');
  const found = families.map((index) =>
    ranked(index)
      .slice(0, 4)
      .some((other) => photos[other]!.component === photos[index]!.component)
      ? 1
      : 0,
  );
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  expect(score).toMatchObject({ model: 'product_type', count: 4, side: 'test' });
  const { precision, chance, macroPrecision, perClass } = score.labels['product_type']!;
  expect(precision.queries).toBe(17);
  expect(precision.mean).toBeCloseTo(mean(shares), 9);
  expect(precision.mean).toBeGreaterThan(2 * chance);
  expect(precision.interval[0]).toBeLessThanOrEqual(precision.mean);
  expect(precision.interval[1]).toBeGreaterThanOrEqual(precision.mean);
  expect(macroPrecision).toBeCloseTo(mean(perClass.map((one) => one.precision)), 9);
  expect(perClass.reduce((sum, one) => sum + one.queries, 0)).toBe(17);
  expect(perClass.reduce((sum, one) => sum + one.trainPhotos, 0)).toBe(63);
  expect(score.family.queries).toBe(80);
  expect(score.family.mean).toBeCloseTo(mean(found), 9);
  // No photo of the test side has a colour.
  expect(score.labels['color']!.precision.queries).toBe(0);
});

it('draws as many queries as are wanted, by the seed', async () => {
  const [one, again, other] = await Promise.all([
    scoreGallery(gallery, { ...OPTIONS, queries: 5 }),
    scoreGallery(gallery, { ...OPTIONS, queries: 5 }),
    scoreGallery(gallery, { ...OPTIONS, queries: 5, seed: 2 }),
  ]);
  expect(one.labels['product_type']!.precision.queries).toBe(5);
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
});

it('stops when it is told to', async () => {
  const stopped = scoreGallery(gallery, { ...OPTIONS, signal: AbortSignal.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
});

it('leaves the query out, and its family unless it is wanted', () => {
  const query = queryOfImage(gallery, 'copy12');
  expect(query.index).toBe(12);
  const whole = similarPhotos(gallery, query, { count: 100, withFamily: true });
  expect(whole).toHaveLength(80);
  expect(whole.map(({ imageId }) => imageId)).not.toContain('image12');
  expect(whole.map(({ imageId }) => imageId)).toContain('image13');
  const others = similarPhotos(gallery, query, { count: 100 });
  expect(others).toEqual(whole.filter(({ component }) => component !== 'component6'));
  // A photo that is not of the gallery has no family in it.
  expect(similarPhotos(gallery, { embedding: query.embedding }, { count: 1 })[0]!.imageId).toBe('image12');
  expect(() => queryOfImage(gallery, 'unknown')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});
