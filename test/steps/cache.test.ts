import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Sample } from '#src/records.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { buildCache } from '#src/steps/cache.js';
import { testContext } from '../context.js';
import { jpeg, temporaryFolder } from '../fixtures.js';

const IDENTITY = pixelIdentity({ height: 24, width: 24, fit: 'stretch', decoder: 'turbo' });

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
  const built = buildCache({ path: join(folder.path, 'cache'), identity: IDENTITY, tasks, context, ...more });
  return built.then((result) => ({ ...result, entries: context.entries, messages }));
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
