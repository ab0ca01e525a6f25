import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { galleryBeside, openJudge } from '#src/predict/judge.js';
import type { Predictor } from '#src/predict/predictor.js';
import { writeReliability } from '#src/predict/reliability.js';
import { writeGallery } from '#src/similar/write.js';
import { iterate } from '#src/streams.js';
import { temporaryFolder } from '../fixtures.js';
import { drawnEntries } from '../similar/drawn.js';

const WIDTH = 4;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]) => join(folder.path, ...names);

/** A model's folder with a gallery of its own, of embeddings of so many numbers. */
async function modelWithGallery(model: string, width: number): Promise<void> {
  await mkdir(model, { recursive: true });
  const task = model.split('/').at(-1)!;
  const entries = drawnEntries(3, { width }).map(({ photo, ...entry }) => ({
    ...entry,
    photo: { ...photo, labels: { [task]: 'A' } },
  }));
  await writeGallery(
    join(model, 'gallery'),
    { model: task, tasks: [task], photos: entries.length },
    iterate(entries),
  );
}

const predictorOf = (...folders: string[]): Predictor => ({
  tasks: folders.map((model) => ({
    name: model.split('/').at(-1)!,
    folder: model,
    classes: ['A', 'B'],
    levels: [],
    input: { height: 8, width: 8, fit: 'stretch' },
  })),
  backend: { name: 'played', device: 'none' },
  predict: async () => [],
  explain: () => Promise.reject(new Error('not asked')),
  close: async () => {},
});

beforeAll(async () => {
  folder = await temporaryFolder('judge');
  for (const task of ['brand', 'color']) await modelWithGallery(at('two', task), WIDTH);
  await modelWithGallery(at('one', 'brand'), WIDTH);
  await mkdir(at('one', 'color'));
});
afterAll(() => folder.dispose());

it('takes a model’s own gallery, whatever others lie beside it', async () => {
  for (const task of ['brand', 'color']) {
    const gallery = await galleryBeside(predictorOf(at('two', task)));
    expect(dirname(gallery!.folder)).toBe(at('two', task));
    await gallery!.close();
  }
});

it('takes none that names other tasks', async () => {
  expect(await galleryBeside(predictorOf(at('one', 'color')))).toBeUndefined();
});

it('says where a gallery is another model’s', async () => {
  const predictor = predictorOf(at('two', 'brand'));
  await writeReliability(at('two', 'brand'), {
    schemaVersion: 1,
    task: 'brand',
    labels: { merge: {} },
    outcomes: [],
    similarities: [0.5],
  });
  const gallery = await galleryBeside(predictor);
  try {
    const judge = await openJudge(predictor, gallery, { precision: 0, reject: 0.05 });
    const verdictOf = (width: number) => {
      const prediction = {
        className: 'A',
        probability: 1,
        probabilities: Float64Array.of(1, 0),
        embedding: new Float32Array(width).fill(1),
      };
      const photo = { sha256: '', width: 8, height: 8, tasks: new Map([['brand', prediction]]) };
      return judge.verdicts(photo).get('brand')!;
    };
    expect(verdictOf(WIDTH).similarity).toBeDefined();
    expect(() => verdictOf(WIDTH + 1)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  } finally {
    await gallery?.close();
  }
});
