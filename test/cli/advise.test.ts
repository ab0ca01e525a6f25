import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunAdvice } from '#src/advise/run.js';
import type { Recipe } from '#src/recipe.js';
import type { SampleRecord } from '#src/records.js';
import { type Manifest, readManifest } from '#src/run.js';
import type { VectorIdentity } from '#src/sinks/tensor-cache/cache.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import type { Summary } from '#src/summary.js';
import { LENGTH, vectorNear } from '../advise/drawn.js';
import { changeJson, changeSamples, copyOf, makeRun, samplesOf } from '../audit/run.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const BIN = fileURLToPath(new URL('../../bin/pipeline', import.meta.url));
const TASK = 'product_type';
let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let samples: SampleRecord[];
let classes: string[];
beforeAll(async () => {
  folder = await temporaryFolder('advise');
  ({ dump, run } = await makeRun(folder.path));
  samples = await samplesOf(run, TASK);
  classes = [...new Set(samples.map(({ label }) => label))].sort();
  await addFeatures();
}, 120_000);
afterAll(() => folder.dispose());

/** Gives the run features as a pretrained MobileNet's, by which photos of a class lie together. */
async function addFeatures() {
  const identity: VectorIdentity = {
    kind: 'vectors',
    schemaVersion: 1,
    length: LENGTH,
    dtype: 'float32',
    network: 'mobilenet',
    weights: '0'.repeat(64),
    layer: 'conv_pw_13_relu',
    preprocessing: 'tf',
    view: 0,
    pixels: '00000000',
  };
  await mkdir(join(run, 'features-00000000'));
  const writer = await writeCache(join(run, 'features-00000000'), identity);
  for (const { sha256, label } of samples) {
    const vector = Float32Array.from(vectorNear(classes.indexOf(label), sha256));
    await writer.put(sha256, new Uint8Array(vector.buffer));
  }
  await writer.close();
  await changeJson<Manifest>(join(run, 'manifest.json'), (manifest) => {
    const outputs = ['features-00000000/data.mdb'];
    const step = { hash: '', outputs, seconds: 0, result: {} };
    return {
      ...manifest,
      steps: { ...manifest.steps, 'features-mobilenet': step },
      current: [...manifest.current, 'features-mobilenet'],
    };
  });
  await changeJson<Recipe>(join(run, 'recipe.json'), (recipe) => ({
    ...recipe,
    cache: { ...recipe.cache, size: 32 },
    model: { ...recipe.model, network: 'mobilenet' },
  }));
}

const advise = (path: string, ...more: string[]) => pipeline(['advise', path, '--task', TASK, '-q', ...more]);
const other = (label: string) => classes[(classes.indexOf(label) + 1) % classes.length]!;

describe('advise', () => {
  it('names photos of the train side whose labels were changed, and writes a recipe that the run takes', async () => {
    const train = samples.filter(({ split }) => split === 'train');
    const flipped = [train[5]!, train[40]!];
    const copy = await copyOf(run, 'flipped');
    const changes = new Map(flipped.map(({ imageId, label }) => [imageId, { label: other(label) }]));
    await changeSamples(copy, TASK, changes);
    const { code, stdout, stderr } = await advise(copy, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { tasks, patch } = JSON.parse(stdout) as RunAdvice;
    const { mislabelled, photos } = tasks[TASK]!;
    expect(photos).toBe(train.length);
    expect(mislabelled.map(({ imageId }) => imageId).sort()).toEqual(
      flipped.map(({ imageId }) => imageId).sort(),
    );
    for (const { imageId, label } of flipped) {
      const found = mislabelled.find((one) => one.imageId === imageId)!;
      expect(found).toMatchObject({ label: other(label), suggested: label });
    }
    expect(JSON.parse(await readFile(join(copy, 'advice/advice.json'), 'utf8'))).toEqual(tasks);
    const args = ['curate', '--recipe', patch, '--source', dump, '--out', join(folder.path, 'advised'), '-q'];
    expect(await pipeline(args)).toMatchObject({ code: 0, stderr: '' });

    const text = await advise(copy);
    expect(text.stdout).toContain('Likely mislabelled: 2');
    expect(text.stdout).toContain(
      `${flipped[0]!.path}  ${other(flipped[0]!.label)}, rather ${flipped[0]!.label}`,
    );
  });

  it('prints a command that can be copied and run, with what the run knows', async () => {
    const copy = await copyOf(run, 'it’s a run');
    const from = join(folder.path, 'my weights');
    await changeJson<Summary>(join(copy, 'summary.json'), (summary) => ({
      ...summary,
      weights: { mobilenet: '0'.repeat(64) },
      weightsFrom: { mobilenet: from },
    }));
    const { stdout } = await advise(copy);
    const line = stdout.split('\n').find((one) => one.startsWith('  pipeline run '))!;
    expect(line).toContain(`--source ${dump} --previous '${copy}' --weights 'mobilenet=${from}'`);
    expect(await readFile(join(copy, 'advice/recipe.yaml'), 'utf8')).toContain(
      `#   cd ${process.cwd()}\n# ${line}\n`,
    );
    await mkdir(from);
    const curate = line.replace('pipeline run', `${BIN} curate -q`);
    await promisify(execFile)('bash', ['-c', curate]);
    const { tasks } = JSON.parse(await readFile(join(`${copy}-advised`, 'summary.json'), 'utf8')) as Summary;
    expect(tasks).toHaveProperty(TASK);
  });

  it('says the same whatever the other sides say', async () => {
    const copy = await copyOf(run, 'sides');
    const others = samples.filter(({ split }) => split !== 'train');
    await changeSamples(
      copy,
      TASK,
      new Map(others.map(({ imageId, label }) => [imageId, { label: other(label) }])),
    );
    const [own, changed] = [await advise(run, '--json'), await advise(copy, '--json')];
    expect((JSON.parse(changed.stdout) as RunAdvice).tasks).toEqual(
      (JSON.parse(own.stdout) as RunAdvice).tasks,
    );
  });

  it('is refused where a file is in its folder’s place', async () => {
    const { code, stdout, stderr } = await advise(run, '--out', join(run, 'recipe.json'));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      `USAGE: Expected a folder to write to at ${join(run, 'recipe.json')} but a file is in its place`,
    );
  });

  it('refuses a task that is not there, and a run without features', async () => {
    const unknown = await pipeline(['advise', run, '--task', 'size']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('a task of the recipe')]);
    const copy = await copyOf(run, 'none');
    const { steps, ...manifest } = await readManifest(copy);
    const { 'features-mobilenet': _, ...left } = steps;
    await changeJson(join(copy, 'manifest.json'), () => ({ ...manifest, steps: left }));
    const out = join(folder.path, 'no-features');
    const none = await advise(copy, '--out', out);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('features of a frozen base')]);
    expect(existsSync(out)).toBe(false);
  });
});
