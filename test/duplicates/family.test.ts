import { copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nearPhotos } from '#src/duplicates/links.js';
import { type Fingerprint, pixelPool } from '#src/kernels/pixel-pool.js';
import type { FoundDuplicates } from '#src/steps/duplicates.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';

/** Photos of the sample, half of them with a cut-out of 0.7 of their sides beside them, half with another hue. */
const COUNT = 40;
const EVERY = 60;

describe.skipIf(absent(SAMPLE))('families of genuine photos', () => {
  let folder: { path: string; dispose(): Promise<void> };
  beforeAll(async () => {
    folder = await temporaryFolder('family');
    const root = join(SAMPLE, 'images/small');
    const all = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.jpg')).sort();
    for (let at = 0; at < COUNT; at++) {
      const photo = join(root, all[at * EVERY]!);
      await copyFile(photo, join(folder.path, `${at}.jpg`));
      const changed = at % 2 === 0 ? await cutOut(photo) : sharp(photo).modulate({ hue: 120 });
      await changed.jpeg({ quality: 85 }).toFile(join(folder.path, `${at}-changed.jpg`));
    }
  });
  afterAll(() => folder.dispose());

  const familiesBy = async (grounds: string) => {
    const { code, stdout } = await pipeline(['duplicates', folder.path, '--family', grounds, '--json', '-q']);
    expect(code).toBe(0);
    const { groups } = JSON.parse(stdout) as FoundDuplicates;
    return groups.filter(({ relation }) => relation === 'family').flatMap(({ pairs }) => pairs);
  };

  it('link another hue of a shot, and a cut-out, only on the grounds that were asked for', async () => {
    const variants = await familiesBy('variant');
    const crops = await familiesBy('crop');
    for (const { a, b } of [...variants, ...crops]) expect(numberOf(a)).toBe(numberOf(b));
    expect(new Set(variants.map(({ ground }) => ground))).toEqual(new Set(['variant']));
    expect(new Set(crops.map(({ ground }) => ground))).toEqual(new Set(['crop']));
    const found = (pairs: { a: string }[], odd: number) =>
      new Set(pairs.map(({ a }) => numberOf(a)).filter((at) => at % 2 === odd)).size;
    expect(found(variants, 1)).toBe(COUNT / 2);
    // Cut-outs of plain products on white may show nothing that is their own.
    expect(found(crops, 0)).toBeGreaterThanOrEqual(0.5 * (COUNT / 2));
  }, 60_000);

  it('are the same candidates in any order of arrival', async () => {
    const files = (await readdir(folder.path)).map((name) => join(folder.path, name));
    const pool = pixelPool({ workers: 2 });
    const results = await pool.fingerprint(files, 'turbo', ['contours', 'landmarks']);
    await pool.close();
    const candidates = (order: readonly number[]) => {
      const near = nearPhotos({ variants: true, crops: true });
      for (const at of order) near.add(at, (results[at] as { value: Fingerprint }).value);
      const variants = near.maybeVariants.map(({ a, b }) => [a, b].sort((one, two) => one - two).join(' '));
      const crops = near.maybeCrops.map((cut) => JSON.stringify(cut));
      return [variants.sort(), crops.sort()];
    };
    const order = [...files.keys()];
    const [variants, crops] = candidates(order);
    expect(variants!.length).toBeGreaterThanOrEqual(COUNT / 2);
    expect(crops!.length).toBeGreaterThanOrEqual(COUNT / 4);
    expect(candidates(order.toReversed())).toEqual([variants, crops]);
    expect(candidates(order.toSorted((a, b) => ((a * 37) % 80) - ((b * 37) % 80)))).toEqual([
      variants,
      crops,
    ]);
  }, 60_000);
});

async function cutOut(photo: string): Promise<Sharp> {
  const image = sharp(photo);
  const { width, height } = await image.metadata();
  const part = (side: number, share: number) => Math.round(share * side);
  return image.extract({
    left: part(width, 0.12),
    top: part(height, 0.14),
    width: part(width, 0.7),
    height: part(height, 0.7),
  });
}

function numberOf(path: string): number {
  return Number.parseInt(basename(path), 10);
}
