import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gallery, openGallery } from '#src/similar/gallery.js';
import { scoreGallery } from '#src/similar/score.js';
import { queryOfImage, similarPhotos } from '#src/similar/similar-photos.js';
import { writeGallery } from '#src/similar/write.js';
import { iterate } from '#src/streams.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { drawnEntries } from '../similar/drawn.js';

// What it finds for a photo of any kind, test/steps/gallery.test.ts asks of a trained model.
let folder: { path: string; dispose(): Promise<void> };
let model: string;
let gallery: Gallery;

beforeAll(async () => {
  folder = await temporaryFolder('similar');
  model = join(folder.path, 'model');
  const entries = drawnEntries(20);
  await writeGallery(
    join(model, 'product_type/gallery'),
    { model: 'product_type', tasks: ['product_type'], photos: entries.length },
    iterate(entries),
  );
  gallery = await openGallery(model);
});
afterAll(async () => {
  await gallery.close();
  await folder.dispose();
});

const ask = (...words: string[]) => pipeline(['similar', '--model', model, '-q', ...words]);

it('finds photos like those of the catalogue, and their families only when asked', async () => {
  const [one, family] = await Promise.all([
    ask('--image', 'image4', '--image', 'copy6', '--count', '3', '--json'),
    ask('--image', 'image4', '--count', '100', '--with-family'),
  ]);
  expect(one.code, one.stderr).toBe(0);
  const answerOf = (query: string, imageId: string, component: string) => ({
    query,
    imageId,
    component,
    similar: similarPhotos(gallery, queryOfImage(gallery, imageId), { count: 3 }),
  });
  expect(JSON.parse(one.stdout)).toEqual({
    model: 'product_type',
    answers: [answerOf('image4', 'image4', 'component2'), answerOf('copy6', 'image6', 'component3')],
  });
  const [asked, ...found] = family.stdout.trimEnd().split('\n');
  expect(asked).toBe('image4');
  expect(found).toHaveLength(39);
  expect(family.stdout).toMatch(/^ {2}0\.\d{3} {2}image5 {2}TYPE2 {2}/m);
});

it('tells its score to people and to programs', async () => {
  const [json, text] = await Promise.all([
    ask('--score', '--count', '5', '--json'),
    ask('--score', '--count', '5', '--queries', '3'),
  ]);
  const { signal } = new AbortController();
  const expected = await scoreGallery(gallery, { count: 5, queries: 5000, seed: 1, signal });
  expect(JSON.parse(json.stdout)).toEqual(expected);
  expect(text.stdout).toMatch(/^precision@5 by product_type: .* % \(95 %: .*\) of 3 photos; by chance /m);
  expect(text.stdout).toMatch(/^recall@5 of the same family: .* of 3 photos$/m);
});

it('says what is wrong with a question', async () => {
  const [nothing, both, unknown] = await Promise.all([
    ask(),
    ask('--score', '--image', 'image1'),
    ask('--image', 'image1000'),
  ]);
  expect(nothing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^USAGE: /) });
  expect(both).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^USAGE: /) });
  expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^NOT_FOUND: /) });
});
