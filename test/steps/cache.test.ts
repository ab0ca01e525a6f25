import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecipe } from '#src/recipe-file.js';
import type { Sample } from '#src/records.js';
import { openRunFolder } from '#src/run.js';
import { pixelIdentity, pixelTarget } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { buildCaches, cacheStep } from '#src/steps/cache.js';
import { testContext } from '../context.js';
import { jpeg, pipeline, temporaryFolder } from '../fixtures.js';

const IDENTITY = pixelIdentity({ height: 24, width: 24, fit: 'stretch', decoder: 'turbo' });
const RECIPE = `
name: sizes
tasks: { color: {} }
cache: { size: 24 }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('build-cache');
});
afterEach(() => folder.dispose());

const fileOf = (photo: number) => join(folder.path, `${photo}.jpg`);

async function photo(seed: number, at = seed): Promise<Sample> {
  const bytes = await jpeg(seed);
  await writeFile(fileOf(at), bytes);
  return {
    path: `${at}.jpg`,
    file: fileOf(at),
    label: 'red',
    component: `${at}`,
    imageId: `image-${at}`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    task: 'color',
    split: 'train',
  };
}

function build(samples: readonly Sample[], { digest = 'h', ...more } = {}) {
  const context = testContext({ maxBad: 1 });
  const messages: string[] = [];
  context.events.events.subscribe((event) => void (event.type === 'message' && messages.push(event.text)));
  const tasks = [{ task: 'color', digest, samples, natural: {}, given: false }];
  const caches = [{ path: join(folder.path, 'cache'), identity: IDENTITY }];
  const built = buildCaches({ caches, tasks, context, ...more });
  return built.then(([result]) => ({ ...result!, entries: context.entries, messages }));
}

it('notices a photo that changed on the disk since curation, and caches its new bytes as another photo', async () => {
  const samples = await Promise.all([1, 2, 3].map((seed) => photo(seed)));
  const changed = await photo(20, 2);
  const first = await build(samples);
  expect(first.missing).toBe(1);
  expect(first.entries.map(({ key, reason }) => [key, reason])).toEqual([['image-2', 'photo-changed']]);
  const second = await build([samples[0]!, changed, samples[2]!], { digest: 'h2' });
  expect(second.missing).toBe(0);
  expect(second.summary.records).toBe(3);
  const cache = openCache(join(folder.path, 'cache'));
  expect(cache.samples('color', 'h2')!.map(({ component, key }) => [component, key])).toEqual([
    ['1', 0],
    ['2', 2],
    ['3', 1],
  ]);
  await cache.close();
});

it('decodes only new photos, and says first what room they need', async () => {
  const samples = await Promise.all([1, 2, 3, 4].map((seed) => photo(seed)));
  const first = await build(samples.slice(0, 3));
  expect(first.messages).toEqual([expect.stringMatching(/^3 photos to decode: .* MB more of the disk$/)]);
  const second = await build(samples);
  expect(second.messages).toEqual([expect.stringMatching(/^1 photos to decode/)]);
  expect((await build(samples)).messages).toEqual([]);
  expect(second.summary.records).toBe(4);
});

describe('several sizes', () => {
  const place = (name: string, side: number) => ({
    path: join(folder.path, name),
    identity: pixelIdentity({ height: side, width: side, fit: 'stretch', decoder: 'turbo' }),
  });
  const tasksOf = (samples: readonly Sample[]) => [
    { task: 'color', digest: 'h', samples, natural: {}, given: false },
  ];

  it('come from one decode, each as a build of its own gives it', async () => {
    const tasks = tasksOf(await Promise.all([1, 2, 3].map((seed) => photo(seed))));
    const context = testContext();
    const caches = [place('a', 24), place('b', 32), place('c', 9)];
    const built = await buildCaches({ caches, tasks, context });
    expect(context.counts).toMatchObject([{ name: 'decode/resize', in: 3, out: 3 }]);
    expect(built.map(({ missing, summary }) => [missing, summary.records, summary.height])).toEqual([
      [0, 3, 24],
      [0, 3, 32],
      [0, 3, 9],
    ]);
    for (const [index, side] of [24, 32, 9].entries()) {
      const [alone] = await buildCaches({ caches: [place(`alone-${side}`, side)], tasks, context });
      expect(built[index]!.summary.digest).toBe(alone!.summary.digest);
    }
  });

  it('may be stored one as pixels, one as JPEGs, each compacted to the digest of a build without what was removed', async () => {
    const samples = await Promise.all([1, 2, 3, 4].map((seed) => photo(seed)));
    const places = (prefix: string) => [
      { path: join(folder.path, `${prefix}-raw`), identity: IDENTITY },
      {
        path: join(folder.path, `${prefix}-jpeg`),
        identity: pixelIdentity({ ...pixelTarget(IDENTITY), storage: 'jpeg' }),
      },
    ];
    const context = testContext();
    const all = places('all');
    await buildCaches({ caches: all, tasks: tasksOf(samples), context });
    const fresh = await buildCaches({ caches: places('few'), tasks: tasksOf(samples.slice(1)), context });
    for (const [index, { path, identity }] of all.entries()) {
      const writer = await writeCache(path, identity);
      expect(await writer.remove(samples[0]!.sha256)).toBe(true);
      await writer.close();
      const args = ['inspect', path, '--compact', '--verify', '--digest'];
      const { stdout } = await pipeline(args);
      expect(stdout).toContain(`3 photos, 24 × 24 × 3 uint8${index === 1 ? ' as JPEG (jpeg-turbo' : ','}`);
      expect(stdout).toContain(`digest ${fresh[index]!.summary.digest}\nevery checksum is right`);
    }
    expect(fresh[0]!.summary.digest).not.toBe(fresh[1]!.summary.digest);
  });

  it('decode what any cache lacks, and count what each misses', async () => {
    const samples = await Promise.all([1, 2, 3].map((seed) => photo(seed)));
    const context = testContext({ maxBad: 1 });
    await buildCaches({ caches: [place('a', 24)], tasks: tasksOf(samples.slice(0, 2)), context });
    await writeFile(fileOf(1), 'no photo any more');
    const caches = [place('a', 24), place('b', 32)];
    const built = await buildCaches({ caches, tasks: tasksOf(samples), context });
    expect(context.counts[1]).toMatchObject({ in: 3, out: 2, quarantined: 1 });
    expect(built.map(({ missing, summary }) => [missing, summary.records])).toEqual([
      [0, 3],
      [1, 2],
    ]);
  });

  it('are made by the step beside the recipe’s own, and made again when one is gone', async () => {
    const tasks = tasksOf(await Promise.all([1, 2].map((seed) => photo(seed))));
    const recipe = parseRecipe(RECIPE);
    const context = testContext();
    const run = await openRunFolder(join(folder.path, 'run'), context.events);
    const step = (sizes?: number[]) =>
      cacheStep({ run, context, recipe, tasks, root: run.path, ...(sizes && { sizes }) });
    try {
      const alone = await step();
      expect(alone.summaries.map(({ height }) => height)).toEqual([24]);
      const both = await step([32, 24]);
      expect(both.summaries.map(({ height }) => height)).toEqual([24, 32]);
      expect(both.summaries[0]!.digest).toBe(alone.summaries[0]!.digest);
      expect(both.pixels.identity.height).toBe(24);
      expect(await step([32])).toEqual(both);
      await rm(join(run.path, both.summaries[1]!.path), { recursive: true });
      const again = await step([32]);
      expect(again.summaries[1]!.digest).toBe(both.summaries[1]!.digest);
    } finally {
      run.close();
    }
  });
});
