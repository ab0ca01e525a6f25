import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileServerOptions, fileServer } from '../file-server.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { hasShared, shared } from '../models/goldens.js';

const golden = 'goldens/files/mobilenet_0.25_notop.legacy.h5';
const runs = hasShared(golden);
const WEIGHTS = runs ? readFileSync(`${shared}/${golden}`) : Buffer.alloc(0);
const NAME = 'mobilenet_2_5_224_tf_no_top.h5';
const VGG = 'vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5';

let folder: { path: string; dispose(): Promise<void> };
let cache: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('fetch');
  cache = join(folder.path, 'abo-pipeline', 'weights');
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await folder.dispose();
});

async function serve(options: Partial<FileServerOptions> = {}) {
  const server = await fileServer({ files: { [`/mobilenet/${NAME}`]: WEIGHTS }, ...options });
  closers.push(server.close);
  return server;
}

const fetch = (...args: string[]) =>
  pipeline(['fetch', 'weights', ...args], { env: { XDG_CACHE_HOME: folder.path } });
const mobilenet = (server: { origin: string }, ...more: string[]) =>
  fetch('mobilenet', '--alpha', '0.25', '--mirror', server.origin, '-q', ...more);

describe.skipIf(!runs)('pipeline fetch weights', () => {
  it('downloads once, goes on where it was cut, and says what to pass', async () => {
    const server = await serve({ answers: [{ cutAfter: 500_000 }, 'whole'] });
    const first = await mobilenet(server);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain(`--weights mobilenet=${join(cache, NAME)}`);
    expect((await readFile(join(cache, NAME))).equals(WEIGHTS)).toBe(true);
    expect((await readdir(cache)).sort()).toEqual(['fetch.lock', NAME]);
    const second = await mobilenet(server, '--json');
    expect(JSON.parse(second.stdout)).toEqual([
      {
        network: 'mobilenet',
        alpha: 0.25,
        size: 224,
        top: false,
        path: join(cache, NAME),
        bytes: WEIGHTS.length,
        downloaded: false,
      },
    ]);
    expect(server.asked).toHaveLength(2);
  });

  it('fetches again what is damaged, and keeps no file that is another', async () => {
    const server = await serve();
    await mobilenet(server);
    await writeFile(join(cache, NAME), WEIGHTS.subarray(0, 300_000));
    expect((await mobilenet(server)).code).toBe(0);
    expect((await readFile(join(cache, NAME))).equals(WEIGHTS)).toBe(true);
    // Keras publishes the hash of this one.
    const files = { [`/vgg16/${VGG}`]: WEIGHTS, '/mobilenet/mobilenet_5_0_224_tf_no_top.h5': WEIGHTS };
    const wrong = await serve({ files });
    const vgg = await fetch('vgg16', '--mirror', wrong.origin, '-q');
    expect([vgg.code, vgg.stderr]).toEqual([1, expect.stringContaining('6d6bbae143d832006294945121d1f1fc')]);
    const half = await fetch('mobilenet', '--alpha', '0.5', '--mirror', wrong.origin, '-q');
    expect([half.code, half.stderr]).toEqual([1, expect.stringContaining('They are of alpha 0.25')]);
    expect((await readdir(cache)).sort()).toEqual(['fetch.lock', NAME]);
  });

  it('leaves a part to go on from on Ctrl-C', async () => {
    const server = await serve({ answers: [{ stallAfter: 400_000 }, 'whole'] });
    const work = fetch('mobilenet', '--alpha', '0.25', '--mirror', server.origin);
    const part = join(cache, `${NAME}.part`);
    const sizeOf = () =>
      readFile(part).then(
        ({ length }) => length,
        () => 0,
      );
    while ((await sizeOf()) < 400_000) await new Promise((resolve) => setTimeout(resolve, 20));
    work.child.kill('SIGINT');
    expect((await work).code).toBe(130);
    expect((await mobilenet(server)).code).toBe(0);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=400000-']);
    expect((await readFile(join(cache, NAME))).equals(WEIGHTS)).toBe(true);
  });

  it('refuses what it does not know', async () => {
    for (const args of [
      ['alexnet'],
      ['vgg16', '--alpha', '0.5'],
      ['mobilenet', '--alpha', '0.3'],
      ['vgg16', '--mirror', 'x'],
    ]) {
      expect((await fetch(...args)).code).toBe(2);
    }
  });
});

it('is what a run without weights is told to do, and what such a run finds', async () => {
  const recipe = join(folder.path, 'recipe.yaml');
  await writeFile(
    recipe,
    'name: x\ntasks: { color: {} }\nmodel: { network: vgg16, phases: [{ train: head, epochs: 1 }] }\n',
  );
  const run = () =>
    pipeline(
      ['train', '--recipe', recipe, '--source', join(folder.path, 'none'), '--out', join(folder.path, 'run')],
      { env: { XDG_CACHE_HOME: folder.path } },
    );
  const without = await run();
  expect([without.code, without.stderr]).toEqual([
    2,
    expect.stringContaining('pipeline fetch weights vgg16'),
  ]);
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, VGG), '');
  const found = await run();
  expect(found.stderr).toContain(`Weights of vgg16: ${join(cache, VGG)}`);
  expect(found.stderr).not.toContain('pipeline fetch weights');
  await rm(cache, { recursive: true });
});
