import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augmenter } from '#src/augment/augmenter.js';
import { augmentationOf } from '#src/augment/parameters.js';
import { parseRecipe } from '#src/recipe-file.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { cacheName, recipePixels } from '#src/steps/cache.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const RECIPE = `
name: preview
seed: 5
tasks: { product_type: {} }
cache: { size: 24 }
augmentation: { rotation: 0.2, translation: 0.2, zoom: [0.2, 0.3], flip: horizontal }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;
const SIZE = 24;
const GAP = 4;
const PHOTOS = 5;
const photo = (index: number) =>
  Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, at) => (Math.floor(at / 9) * (index + 3)) & 255);

let folder: { path: string; dispose(): Promise<void> };
let recipe: string;
let cache: string;
beforeAll(async () => {
  folder = await temporaryFolder('preview');
  recipe = join(folder.path, 'recipe.yaml');
  await writeFile(recipe, RECIPE);
  const identity = recipePixels(parseRecipe(RECIPE));
  expect(identity).toEqual(pixelIdentity({ height: SIZE, width: SIZE, fit: 'stretch', decoder: 'turbo' }));
  cache = join(folder.path, cacheName(identity));
  const writer = await writeCache(cache, identity);
  for (let index = 0; index < PHOTOS; index++) {
    await writer.put(index.toString(16).padStart(64, '0'), photo(index));
  }
  await writer.close();
});
afterAll(() => folder.dispose());

const preview = async (...more: string[]) => {
  const out = join(folder.path, 'sheet.png');
  const result = await pipeline(['preview', '--recipe', recipe, '--out', out, ...more]);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return { ...result, png: await readFile(out) };
};

async function cell(png: Buffer, row: number, column: number, size = SIZE): Promise<number[]> {
  const [left, top] = [GAP + column * (size + GAP), GAP + row * (size + GAP)];
  const pixels = await sharp(png).extract({ left, top, width: size, height: size }).raw().toBuffer();
  return [...pixels];
}

describe('preview', () => {
  it('shows each photo and the views that training will see', async () => {
    const { png, stdout } = await preview('--cache', cache, '--photos', '3', '--views', '2', '--json');
    const { keys } = JSON.parse(stdout) as { keys: number[] };
    expect(new Set(keys).size).toBe(3);
    const { width, height } = await sharp(png).metadata();
    expect([width, height]).toEqual([3 * (SIZE + GAP) + GAP, 3 * (SIZE + GAP) + GAP]);
    const { augmentation, seed } = parseRecipe(RECIPE);
    const size = { width: SIZE, height: SIZE };
    const kernel = augmenter({ source: size, target: size });
    const expected = new Uint8Array(SIZE * SIZE * 3);
    const photos = Array.from({ length: PHOTOS }, (_, index) => [...photo(index)].join());
    const shown: string[] = [];
    for (const [row, key] of keys.entries()) {
      const original = await cell(png, row, 0);
      shown.push(original.join());
      kernel.source.set(original);
      for (const epoch of [1, 2]) {
        kernel.augment(augmentationOf(augmentation!, { seed, epoch, key }), expected);
        expect(await cell(png, row, epoch)).toEqual([...expected]);
      }
    }
    expect(new Set(shown).size).toBe(3);
    expect(photos).toEqual(expect.arrayContaining(shown));
  });

  it('is the same file for the same seed, and another for another', async () => {
    const first = await preview('--cache', cache);
    expect((await preview('--cache', cache)).png).toEqual(first.png);
    expect((await preview('--cache', cache, '--seed', '5')).png).toEqual(first.png);
    expect((await preview('--cache', cache, '--seed', '6')).png).not.toEqual(first.png);
    expect(first.stdout).toContain(`${PHOTOS} photos, each with 7 views`);
  });

  it('finds the recipe’s cache in a folder, and resizes', async () => {
    const { png } = await preview('--cache', folder.path, '--size', '40', '--views', '1', '--photos', '1');
    const { width, height } = await sharp(png).metadata();
    expect([width, height]).toEqual([2 * (40 + GAP) + GAP, 40 + 2 * GAP]);
  });

  it('mixes photos where the recipe does', async () => {
    const plain = await preview('--cache', cache, '--set', 'augmentation={}', '--views', '1');
    const mixed = await preview('--cache', cache, '--set', 'augmentation={mixup: 1}', '--views', '1');
    expect(await cell(mixed.png, 0, 0)).toEqual(await cell(plain.png, 0, 0));
    const [first, last] = [await cell(plain.png, 0, 0), await cell(plain.png, PHOTOS - 1, 0)];
    const view = await cell(mixed.png, 0, 1);
    expect(view).not.toEqual(first);
    for (const [at, level] of view.entries()) {
      expect(level).toBeGreaterThanOrEqual(Math.min(first[at]!, last[at]!));
      expect(level).toBeLessThanOrEqual(Math.max(first[at]!, last[at]!));
    }
  });

  it('refuses a sheet that no screen could show', async () => {
    const sheet = ['preview', '--recipe', recipe, '--cache', cache, '--out', join(folder.path, 'x.png')];
    for (const size of [
      ['--size', '100000'],
      ['--size', '1024', '--views', '100'],
    ]) {
      const { code, stderr } = await pipeline([...sheet, ...size]);
      expect(stderr).toMatch(/^USAGE: Expected a sheet of at most 67108864 pixels/);
      expect(code).toBe(2);
    }
  });

  it('says what is missing', async () => {
    const empty = join(folder.path, 'empty');
    await mkdir(empty);
    const { code, stderr } = await pipeline([
      'preview',
      ...['--recipe', recipe, '--out', join(empty, 'x.png'), '--cache', empty],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected a tensor cache at');
  });
});
