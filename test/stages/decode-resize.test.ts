import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeResize, type PhotoFile } from '#src/stages/decode-resize.js';
import { runOver, testContext } from '../context.js';

const TARGET = { height: 24, width: 32, fit: 'stretch', decoder: 'turbo' } as const;

let folder: string;
const photos: PhotoFile[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-decode-'));
  for (let index = 0; index < 21; index++) {
    const file = join(folder, `${index}.jpg`);
    const background = { r: 10 * index, g: 255 - 10 * index, b: 90 };
    await sharp({ create: { width: 40 + index, height: 30, channels: 3, background } })
      .jpeg()
      .toFile(file);
    photos.push({ imageId: `photo-${index}`, file, sha256: '' });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('gives the same pixels in the same order for 1 and 4 workers', async () => {
  const decoded = async (workers: number) => {
    const out = await runOver(decodeResize([TARGET]), photos, testContext({ workers }));
    return out.map(({ imageId, sha256, pixels }) => ({ imageId, sha256, pixels }));
  };
  const [one, four] = [await decoded(1), await decoded(4)];
  expect(four).toEqual(one);
  expect(one.map(({ imageId }) => imageId)).toEqual(photos.map(({ imageId }) => imageId));
  expect(one.every(({ pixels }) => pixels.length === 1 && pixels[0]!.length === 24 * 32 * 3)).toBe(true);
});

it('gives every target from one decode as it gives each alone', async () => {
  const targets = [
    TARGET,
    { height: 9, width: 40, fit: 'letterbox', filter: 'area', decoder: 'turbo' },
    { height: 16, width: 16, fit: 'trim', decoder: 'sharp' },
  ] as const;
  const together = await runOver(decodeResize(targets), photos, testContext());
  for (const [index, target] of targets.entries()) {
    const alone = await runOver(decodeResize([target]), photos, testContext());
    expect(together.map(({ pixels }) => pixels[index])).toEqual(alone.map(({ pixels }) => pixels[0]));
  }
});

it('quarantines what cannot be decoded or has changed, with its reason, and goes on', async () => {
  const bad = [
    ['empty.jpg', '', 'image-empty'],
    ['text.jpg', 'no photo', 'not-an-image'],
    ['missing.jpg', undefined, 'file-missing'],
  ] as const;
  for (const [name, text] of bad) if (text !== undefined) await writeFile(join(folder, name), text);
  const files = bad.map(([name]) => ({ imageId: name, file: join(folder, name), sha256: '' }));
  const changed = { ...photos[0]!, imageId: 'changed', sha256: 'f'.repeat(64) };
  const context = testContext();
  const out = await runOver(decodeResize([TARGET]), [...files, changed, photos[1]!], context);
  expect(out.map(({ imageId }) => imageId)).toEqual(['photo-1']);
  expect(context.entries.map(({ key, reason }) => [key, reason])).toEqual([
    ...bad.map(([name, , reason]) => [name, reason]),
    ['changed', 'photo-changed'],
  ]);
});

it('frees its budget and its threads when the consumer breaks', async () => {
  const context = testContext();
  for await (const _ of decodeResize([TARGET]).run(
    (async function* () {
      yield* photos;
    })(),
    { ...context, account: undefined as never },
  )) {
    break;
  }
  expect(context.budget.used).toBe(0);
});
