import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineError } from '#src/errors.js';
import { eventBus } from '#src/events.js';
import type { Predictor } from '#src/predict/predictor.js';
import { sourceAt } from '#src/sources/open.js';
import { listingsDone } from '#src/steps/listings-done.js';
import { predictDump } from '#src/steps/predict.js';
import { predictedPhotos } from '#src/steps/predict-photos.js';
import { collect, stream, testContext } from '../context.js';
import { temporaryFolder } from '../fixtures.js';
import { progressOf } from '../progress.js';

/** Models of no task: what is asked, in which order, and what is told of it is not theirs. */
const predictor = {
  tasks: [],
  backend: { name: 'none', device: 'none' },
  async predict(places: readonly string[]) {
    return places.map((place) =>
      place.includes('bad')
        ? new PipelineError('IMAGE_DAMAGED', 'Expected a whole image')
        : { sha256: '', width: 1, height: 1, tasks: new Map() },
    );
  },
  async close() {},
} as unknown as Predictor;
const demands = { precision: 0, reject: 0 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]) => join(folder.path, ...names);
const PHOTOS = Array.from({ length: 200 }, (_, k) => `photos/${k % 2 ? 'chair' : 'sofa'}/${k}.jpg`);
PHOTOS.push('photos/sofa/bad.jpg');

beforeAll(async () => {
  folder = await temporaryFolder('predict-steps');
  for (const path of PHOTOS) {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), 'looked at by nobody');
  }
  // A product with several photos, one without, one whose photo is gone, and lines that are no records.
  const lists = [PHOTOS.slice(0, 70), [], ['photos/gone.jpg'], PHOTOS.slice(70)];
  const lines = lists.map((image, item) => JSON.stringify({ item_id: `i${item}`, image }));
  await writeFile(at('products.jsonl'), ['no record', ...lines, 'nor this'].join('\n'));
  const rows = PHOTOS.map((path, k) => `${path},${k}`);
  await writeFile(at('photos.csv'), ['image,size', 'one,two,three', ...rows, ''].join('\n'));
});
afterAll(() => folder.dispose());

describe('predictDump', () => {
  it.each([
    ['photos.csv', 202],
    ['products.jsonl', 6],
    ['photos', 201],
  ])('tells of how many listings of %s the photos are predicted', async (name, total) => {
    const context = testContext({ maxBad: 1 });
    const told = progressOf(context.events);
    const source = await sourceAt({ path: at(name) });
    const out = at('out.jsonl');
    const { rows } = await predictDump({ source, predictor, demands, views: 'all', out, context });
    expect(rows).toBe(201);
    expect(told('predict', 'listings')).toMatchObject({ totals: [total], last: total });
  });
});

it('listingsDone never goes back, is never ahead of what is answered, and ends with all', () => {
  const photos = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(photos, fc.nat({ max: 10 }), (listings, most) => {
      const events = eventBus();
      const told = progressOf(events);
      const progress = listingsDone(events, listings.length);
      let waiting = 0;
      for (const count of listings) {
        progress.read();
        for (let k = 0; k < count; k++) {
          progress.asked();
          waiting += 1;
          for (; waiting > most; waiting--) progress.answered();
        }
      }
      const early = told('predict', 'listings')?.last ?? 0;
      expect(early).toBeLessThan(listings.length);
      for (; waiting > 0; waiting--) progress.answered();
      progress.end();
      expect(told('predict', 'listings')).toMatchObject({ totals: [listings.length], last: listings.length });
    }),
  );
});

it('predictedPhotos tells of how many of the photos it was given', async () => {
  const context = testContext({ maxBad: 1 });
  const told = progressOf(context.events);
  const paths = PHOTOS.map((path) => at(path));
  const options = { predictor, demands, context, total: paths.length };
  expect(await collect(predictedPhotos({ ...options, paths: stream(paths) }))).toHaveLength(paths.length);
  expect(told('predict', 'photos')).toMatchObject({ totals: [paths.length], last: paths.length });
});
