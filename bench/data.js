// What is measured on: the real sample where it is, else a drawn dump.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pixelPool } from '#src/kernels/pixel-pool.js';
import { aboSource } from '#src/sources/abo.js';
import { synthesize } from '#src/synth/dump.js';

const PHOTOS = 512;
const SYNTHETIC_LISTINGS = 2000;
export const SIZE = 224;
export const TARGET = { height: SIZE, width: SIZE, fit: 'stretch', decoder: 'turbo' };
const { signal } = new AbortController();

/**
 * @returns the dump's root, some photos that can be decoded with their pixels at 224, and a folder for what a bench
 * writes; `dispose` removes it.
 */
export async function openData() {
  const folder = await mkdtemp(join(tmpdir(), 'abo-bench-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const shared = process.env['ABO_SHARED'] ?? '../shared';
    const sample = resolve(process.env['ABO_SAMPLE'] ?? join(shared, 'abo-sample'));
    const synthetic = !existsSync(sample);
    const root = synthetic ? join(folder, 'dump') : sample;
    if (synthetic) {
      console.log(`No dump at ${sample} (set ABO_SHARED or ABO_SAMPLE): drawing a synthetic one …`);
      await synthesize({ out: root, listings: SYNTHETIC_LISTINGS, seed: 1, signal });
    }
    const source = await aboSource({ dir: root });
    let listings = 0;
    for await (const _ of source.rows(signal)) listings += 1;
    return { root, source, listings, synthetic, folder, ...(await somePhotos(source)), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The first photos of the image table, at most so many. */
export async function photoFiles(source, most) {
  const files = [];
  for await (const { path } of source.images(signal)) {
    if (files.push(source.imagesRoot.placeOf(path)) === most) break;
  }
  return files;
}

/** The first photos of the image table that can be decoded; a drawn dump holds damaged ones too. */
async function somePhotos(source) {
  const rows = await photoFiles(source, 2 * PHOTOS);
  const pool = pixelPool({ workers: 1 });
  try {
    const results = await pool.resize(rows, [TARGET]);
    const good = results.flatMap((result, index) =>
      'value' in result ? [{ file: rows[index], ...result.value, pixels: result.value.pixels[0] }] : [],
    );
    const photos = good.slice(0, PHOTOS);
    return { photos, files: photos.map(({ file }) => file) };
  } finally {
    await pool.close();
  }
}
