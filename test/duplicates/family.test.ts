import { copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    // Cut-outs of plain products on white show little that is their own: half are known.
    expect(found(crops, 0)).toBeGreaterThanOrEqual(0.4 * (COUNT / 2));
  }, 60_000);
});

async function cutOut(photo: string): Promise<sharp.Sharp> {
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
