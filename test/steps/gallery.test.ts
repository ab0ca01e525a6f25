import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gallery, openGallery } from '#src/similar/gallery.js';
import type { SimilarPhoto } from '#src/similar/similar-photos.js';
import { makeRun, runOn, samplesOf } from '../audit/run.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let model: string;
let gallery: Gallery;

beforeAll(async () => {
  folder = await temporaryFolder('similar');
  ({ dump, run } = await makeRun(folder.path, { until: 'train' }));
  model = join(run, 'model');
  gallery = await openGallery(model);
}, 400_000);
afterAll(async () => {
  await gallery.close();
  await folder.dispose();
});

it('a run writes one gallery, of the photos of all its tasks, beside its first task’s model', async () => {
  expect(gallery.folder).toBe(join(model, 'product_type/gallery'));
  expect(gallery.tasks).toEqual(['product_type']);
  const [types, colours] = [await samplesOf(run, 'product_type'), await samplesOf(run, 'color')];
  const paths = new Set([...types, ...colours].map(({ path }) => path));
  expect(gallery.length).toBe(paths.size);
  expect(paths.size).toBeGreaterThan(types.length);
  const colourOf = new Map(colours.map(({ path, label }) => [path, label]));
  for (const sample of types) {
    const photo = gallery.photo(gallery.find(sample.imageId)!);
    const { path, sha256, component, split, label } = sample;
    expect(photo).toMatchObject({ path, sha256, component, split, labels: { product_type: label } });
    expect(photo.labels['color']).toBe(colourOf.get(path));
    expect(photo.items!.length).toBeGreaterThan(0);
  }
  for (const index of [0, gallery.length - 1]) expect(await gallery.thumbnail(index)).toBeDefined();
});

it('is kept by the next run, left out where a recipe wants none, and the same again where it was lost', async () => {
  const files = ['gallery.json', 'photos.jsonl', 'embeddings.npy', 'thumbnails.tar'];
  const written = () => Promise.all(files.map((name) => readFile(join(gallery.folder, name))));
  const before = await written();
  const { ino } = await stat(gallery.folder);
  await runOn(dump, run, { until: 'train' });
  expect((await stat(gallery.folder)).ino).toBe(ino);
  await rm(gallery.folder, { recursive: true });
  await runOn(dump, run, { until: 'train', more: 'gallery: false' });
  await expect(openGallery(model)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await runOn(dump, run, { until: 'train' });
  for (const [index, bytes] of (await written()).entries()) {
    expect(bytes.equals(before[index]!), files[index]).toBe(true);
  }
}, 300_000);

it('has what the model itself sees in a file', async () => {
  const index = 5;
  const { imageId, path, component } = gallery.photo(index);
  const file = join(dump, 'images/small', path);
  const asked = ['similar', file, '--model', model, '--backend', 'wasm', '--json', '-q'];
  const { code, stdout, stderr } = await pipeline(asked);
  expect(code, stderr).toBe(0);
  const { answers } = JSON.parse(stdout) as { answers: { similar: SimilarPhoto[] }[] };
  expect(answers).toMatchObject([{ query: file, imageId, component }]);
  const found = answers[0]!.similar.map(({ similarity }) => similarity);
  const byGallery = gallery.nearest(gallery.embedding(index), { withoutComponent: component });
  expect(found).toHaveLength(10);
  // The order of photos that are nearly as near may differ.
  for (const [rank, { similarity }] of byGallery.entries()) {
    expect(Math.abs(similarity - found[rank]!)).toBeLessThan(0.005);
  }
}, 120_000);
