import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PixelPool, pixelPool } from '#src/kernels/pixel-pool.js';
import { temporaryFolder } from '../fixtures.js';

const TARGETS = [
  { height: 24, width: 32, fit: 'stretch', decoder: 'turbo' },
  { height: 20, width: 20, fit: 'letterbox', decoder: 'turbo' },
] as const;

let folder: { path: string; dispose(): Promise<void> };
let pool: PixelPool;
const files: string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder('pool');
  pool = pixelPool({ workers: 1 });
  for (let index = 0; index < 6; index++) {
    const file = join(folder.path, `${index}.jpg`);
    const background = { r: 40 * index, g: 255 - 40 * index, b: 90 };
    await sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .jpeg()
      .toFile(file);
    files.push(file);
  }
});
afterAll(async () => {
  await pool.close();
  await folder.dispose();
});

const pixelsOf = async (some: readonly string[]) => {
  const results = await pool.resize(some, TARGETS);
  return results.flatMap((result) => ('value' in result ? [result.value.pixels] : []));
};

it('decodes into memory that was given back, and gives what it gives in new memory', async () => {
  const expected = await pixelsOf(files);
  const first = await pixelsOf([...files].reverse());
  for (const pixels of first) pool.giveBack(pixels);
  const second = await pixelsOf(files);
  expect(second).toEqual(expected);
  expect(first.flat().every((one) => one!.byteLength === 0)).toBe(true);
  // What nobody gave back is left alone.
  await pixelsOf([...files].reverse());
  expect(second).toEqual(expected);
});

it('does not keep what it cannot use again, such as JPEGs', async () => {
  const asJpeg = [{ ...TARGETS[0], storage: 'jpeg' }] as const;
  const encoded = async () => {
    const results = await pool.resize(files, asJpeg);
    return results.flatMap((result) => ('value' in result ? [result.value.pixels] : []));
  };
  const first = await encoded();
  const copies = first.map(([jpeg]) => jpeg!.slice());
  for (const pixels of first) pool.giveBack(pixels);
  expect((await encoded()).map(([jpeg]) => jpeg)).toEqual(copies);
  await pixelsOf(files);
  expect(first.map(([jpeg]) => jpeg)).toEqual(copies);
});

it('calls what is no file no image, and does not wait for it', async () => {
  const pipe = join(folder.path, 'pipe.jpg');
  execFileSync('mkfifo', [pipe]);
  const socket = join(folder.path, 'socket.jpg');
  const server = createServer();
  await new Promise<void>((listening) => server.listen(socket, listening));
  const directory = join(folder.path, 'folder.jpg');
  await mkdir(directory);
  const empty = join(folder.path, 'empty.jpg');
  await writeFile(empty, '');
  try {
    const all = [pipe, socket, directory, empty, join(folder.path, 'missing.jpg')];
    const results = await pool.resize(all, TARGETS);
    expect(results.map((result) => 'fault' in result && result.fault.code)).toEqual([
      'IMAGE_NOT_AN_IMAGE',
      'IMAGE_NOT_AN_IMAGE',
      'IMAGE_NOT_AN_IMAGE',
      'IMAGE_EMPTY',
      'NOT_FOUND',
    ]);
  } finally {
    server.close();
  }
});
