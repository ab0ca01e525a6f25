import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '#src/context.js';
import { PipelineError } from '#src/errors.js';
import type { PredictionRecord } from '#src/models/predictions.js';
import { openPredictor, type PhotoPrediction, type Predictor } from '#src/predict/predictor.js';
import { parseRecipe } from '#src/recipe-file.js';
import { aboSource } from '#src/sources/abo.js';
import { runPipeline } from '#src/steps/pipeline.js';
import { synthesize } from '#src/synth/dump.js';
import { jsonLines, temporaryFolder } from '../fixtures.js';

const RECIPE = `
name: predicted
tasks:
  product_type: { minPerClass: 8, cap: 20 }
  color: { minPerClass: 8, cap: 20 }
cache: { size: 32 }
`;
const MODEL = 'network: small-cnn, batchSize: 32, phases: [{ train: all, epochs: 2, learningRate: 0.01 }]';
const { signal } = new AbortController();

let predictors: Record<'each' | 'shared', Predictor>;
let folder: { path: string; dispose(): Promise<void> };
const at = (...names: string[]) => join(folder.path, ...names);
const photo = (path: string) => at('dump', 'images/small', path);

beforeAll(async () => {
  folder = await temporaryFolder('predictor');
  await synthesize({ out: at('dump'), listings: 250, seed: 3, workers: 2, signal });
  await train('each', MODEL);
  await train('shared', `${MODEL}, trunk: shared, mirror: true`);
  const open = (model: string) => openPredictor({ model, backend: 'wasm', threads: 1, signal });
  predictors = { each: await open(at('each', 'model')), shared: await open(at('shared')) };
}, 300_000);
afterAll(async () => {
  for (const predictor of Object.values(predictors)) await predictor.close();
  await folder.dispose();
});

async function train(out: string, model: string) {
  const recipe = parseRecipe(`${RECIPE}model: { ${model} }\n`);
  await runPipeline({
    recipe,
    source: await aboSource({ dir: at('dump') }),
    given: new Map(),
    weights: new Map(),
    out: at(out),
    cacheRoot: at('cache'),
    backend: 'wasm',
    until: 'evaluate',
    context: createContext({ workers: 2 }, { seed: recipe.seed }),
  });
}

const whole = (all: readonly (PhotoPrediction | PipelineError)[]): PhotoPrediction[] =>
  all.map((one) => {
    if (one instanceof PipelineError) throw one;
    return one;
  });

describe('a predictor', () => {
  it.each(['each', 'shared'] as const)(
    'says of photos what the evaluation of the run said (%s)',
    async (run) => {
      const predictor = predictors[run];
      expect(predictor.tasks.map(({ name }) => name)).toEqual(
        run === 'each' ? ['color', 'product_type'] : ['product_type', 'color'],
      );
      expect(predictor.backend.name).toBe('wasm');
      for (const { name, classes } of predictor.tasks) {
        const records = jsonLines<PredictionRecord>(
          await readFile(at(run, `predictions-${name}.jsonl`), 'utf8'),
        );
        expect(records.length).toBeGreaterThan(20);
        const files = records.map(({ path }) => photo(path));
        const bytes = await Promise.all(files.map((file) => readFile(file)));
        for (const photos of [files, bytes]) {
          const predictions = whole(await predictor.predict(photos, { signal }));
          for (const [row, record] of records.entries()) {
            const { className, probability, probabilities } = predictions[row]!.tasks.get(name)!;
            expect(probability).toBeCloseTo(record.probability, 4);
            for (const { label, probability: own } of record.top) {
              expect(probabilities[classes.indexOf(label)]).toBeCloseTo(own, 4);
            }
            // Of two classes that are as good as equally probable either may come first.
            if (record.top[0]!.probability - record.top[1]!.probability > 1e-4) {
              expect(className).toBe(record.predicted);
            }
          }
        }
      }
    },
  );

  it('gives the vector that heads read, of each base its own', async () => {
    const [file] = await testPhotos();
    const embeddings = async (predictor: Predictor) => {
      const [prediction] = whole(await predictor.predict([file!], { signal }));
      return [...prediction!.tasks.values()].map(({ embedding }) => embedding);
    };
    const [first, second] = await embeddings(predictors.shared);
    expect(first).toHaveLength(128);
    expect(second).toEqual(first);
    const [color, type] = await embeddings(predictors.each);
    expect(color).not.toEqual(type);
    const alone = await openPredictor({
      model: at('each', 'model', 'color'),
      backend: 'wasm',
      threads: 1,
      signal,
    });
    expect(await embeddings(alone).finally(() => alone.close())).toEqual([color]);
  });

  it('says of each photo that cannot be decoded why, and goes on with the others', async () => {
    const [file] = await testPhotos();
    const bytes = await readFile(file!);
    // A part of a larger buffer, as of a request's body.
    const body = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
    const inside = body.subarray(6, 6 + bytes.length);
    const photos = [
      Buffer.alloc(0),
      bytes,
      Buffer.from('text'),
      bytes.subarray(0, 400),
      inside,
      at('absent.jpg'),
    ];
    const predictor = predictors.each;
    const answers = await predictor.predict(photos, { signal });
    expect(answers.map((one) => (one instanceof PipelineError ? one.code : one.sha256.length))).toEqual([
      'IMAGE_EMPTY',
      64,
      'IMAGE_NOT_AN_IMAGE',
      'IMAGE_DAMAGED',
      64,
      'NOT_FOUND',
    ]);
    expect(answers[4]).toEqual(answers[1]);
    expect(await predictor.predict([], { signal })).toEqual([]);
  });

  it('shows where in a photo a class is seen', async () => {
    const [file] = await testPhotos();
    const predictor = predictors.shared;
    const task = 'color';
    const [prediction] = whole(await predictor.predict([file!], { signal }));
    const { className } = prediction!.tasks.get(task)!;
    const map = await predictor.explain(file!, { task, signal });
    expect(map.values).toHaveLength(map.height * map.width);
    expect(Math.max(...map.values)).toBe(1);
    expect(await predictor.explain(await readFile(file!), { task, className, signal })).toEqual(map);
    const [other] = predictor.tasks
      .find(({ name }) => name === task)!
      .classes.filter((one) => one !== className);
    expect(await predictor.explain(file!, { task, className: other!, signal })).not.toEqual(map);
    const wrong = { className: 'nothing', signal };
    await expect(predictor.explain(file!, { task, ...wrong })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(predictor.explain(file!, { task: 'age', signal })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(predictor.explain(Buffer.from('text'), { task, signal })).rejects.toMatchObject({
      code: 'IMAGE_NOT_AN_IMAGE',
    });
  });

  it('stops when it is told to, and goes on with the next photos', async () => {
    const files = await testPhotos();
    const predictor = predictors.each;
    const controller = new AbortController();
    const pending = predictor.predict([...files, ...files], { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'ABORTED' });
    expect(whole(await predictor.predict(files.slice(0, 1), { signal }))).toHaveLength(1);
  });

  it('says where there is no model, and where two are of one task', async () => {
    const open = (model: string) => openPredictor({ model, backend: 'wasm', signal });
    await expect(open(at('dump'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await cp(at('each', 'model', 'color'), at('twice', 'color'), { recursive: true });
    await cp(at('shared', 'model', 'product_type+color'), at('twice', 'both'), { recursive: true });
    await expect(open(at('twice'))).rejects.toMatchObject({ code: 'USAGE' });
  });
});

async function testPhotos(): Promise<string[]> {
  const records = jsonLines<PredictionRecord>(await readFile(at('each', 'predictions-color.jsonl'), 'utf8'));
  return records.map(({ path }) => photo(path));
}
