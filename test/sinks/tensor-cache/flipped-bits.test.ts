import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compactCache } from '#src/sinks/tensor-cache/compact.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { exportCache } from '#src/steps/export.js';
import { temporaryFolder } from '../../fixtures.js';
import { digestOf } from './digest.js';

const IDENTITY = pixelIdentity({ height: 40, width: 40, fit: 'stretch', decoder: 'turbo' });
const PHOTOS = 300;
const FLIPS = 400;
const DIST = new URL('../../../dist/', import.meta.url).href;

let folder: { path: string; dispose(): Promise<void> };
let path: string;
beforeAll(async () => {
  folder = await temporaryFolder('flipped-bits');
  path = join(folder.path, 'whole');
  const writer = await writeCache(path, IDENTITY);
  const samples = [];
  for (let photo = 0; photo < PHOTOS; photo++) {
    const sha256 = createHash('sha256').update(`${photo}`).digest('hex');
    const put = writer.put(
      sha256,
      new Uint8Array(4800).map((_, at) => at * 7 + photo),
    );
    if (photo % 20 === 19) await put;
    samples.push({
      sha256,
      label: photo % 2 ? 'red' : 'blue',
      split: 'train' as const,
      component: `${photo}`,
    });
  }
  await writer.putSamples('color', 'h', samples);
  await writer.close();
});
afterAll(() => folder.dispose());

/** A process that may die: for each flip it says what became of the cache. */
const TRIES = `
  import { mkdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
  import { join } from 'node:path';
  import { uniform } from '${DIST}random.js';
  import { openCache } from '${DIST}sinks/tensor-cache/open.js';
  const [folder, flips] = process.argv.slice(1);
  const whole = readFileSync(join(folder, 'whole/data.mdb'));
  // What holds trees: meta pages, and the used parts of branches and leaves, of today's snapshot and earlier ones.
  const places = [[0, 176], [4096, 4096 + 176]];
  for (let start = 8192; start < whole.length; start += 4096) {
    const isTree = Number(whole.readBigUInt64LE(start)) * 4096 === start && whole.readUInt16LE(start + 18) & 3;
    if (!isTree) continue;
    places.push([start, start + 24 + whole.readUInt16LE(start + 20)]);
    places.push([start + 24 + whole.readUInt16LE(start + 22), start + 4096]);
  }
  for (let flip = 0; flip < Number(flips); flip++) {
    const [from, to] = places[Math.floor(uniform('place', flip) * places.length)];
    const at = from + Math.floor(uniform('byte', flip) * (to - from));
    const bytes = Buffer.from(whole);
    bytes[at] ^= 1 << Math.floor(uniform('bit', flip) * 8);
    const path = join(folder, 'flip-' + flip);
    mkdirSync(path);
    writeFileSync(join(path, 'data.mdb'), bytes);
    writeSync(1, at + ' ');
    let cache;
    try {
      cache = openCache(path);
      await cache.verify();
      const target = new Uint8Array(cache.valueBytes);
      for (const { sha256, key } of cache.photos()) if (cache.keyOf(sha256) === key) cache.read(key, target);
      cache.samples('color', 'h');
      writeSync(1, (await cache.digest()) + '\\n');
    } catch (error) {
      writeSync(1, (error.code ?? error.stack) + '\\n');
    } finally {
      await cache?.close();
    }
  }`;

it('finds any flipped bit of what is not a value, and none ends the process', async () => {
  const digest = await digestOf(path);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', TRIES, folder.path, `${FLIPS}`],
    { maxBuffer: 2 ** 24 },
  );
  const outcomes = stdout.trim().split('\n');
  expect(outcomes).toHaveLength(FLIPS);
  const found = outcomes.filter((line) => line.endsWith(' CACHE_CORRUPT'));
  // The others lie in pages that nothing uses any more.
  expect(outcomes.filter((line) => !found.includes(line) && !line.endsWith(` ${digest}`))).toEqual([]);
  expect(found.length).toBeGreaterThan(FLIPS / 8);
}, 60_000);

it('finds a page that says it is of a transaction to come: a writer would end its process by it', async () => {
  const whole = await readFile(join(path, 'data.mdb'));
  /** Of a file of its own: one that was found sound is not looked at again. */
  const digestWith = async (at: number, mask: number) => {
    const copy = join(folder.path, `byte-${at}`);
    const bytes = Buffer.from(whole);
    bytes[at]! ^= mask;
    await mkdir(copy);
    await writeFile(join(copy, 'data.mdb'), bytes);
    return digestOf(copy).catch((error: { code: string }) => error.code);
  };
  let found = 0;
  for (const start of [...Array(whole.length / 4096).keys()].map((page) => page * 4096)) {
    const isTree = start >= 8192 && Number(whole.readBigUInt64LE(start)) * 4096 === start;
    if (!isTree || (whole.readUInt16LE(start + 18) & 3) === 0) continue;
    for (const byte of [9, 13, 15]) {
      const verified = await digestWith(start + byte, 128);
      if (verified === 'CACHE_CORRUPT') found += 1;
      else expect(verified).toBe(await digestOf(path));
    }
  }
  expect(found).toBeGreaterThan(8);
  for (const at of [0, 4096]) expect(await digestWith(at + 158, 16)).toBe('CACHE_CORRUPT');
});

it('is neither compacted nor exported with a value that is not as it was written', async () => {
  const copy = join(folder.path, 'value');
  await cp(path, copy, { recursive: true });
  const file = join(copy, 'data.mdb');
  const bytes = await readFile(file);
  const value = Buffer.from(new Uint8Array(4800).map((_, at) => at * 7 + 250));
  const at = bytes.indexOf(value);
  bytes[at + 1234]! ^= 4;
  await writeFile(file, bytes);
  const name = createHash('sha256').update('250').digest('hex');
  const corrupt = { code: 'CACHE_CORRUPT', key: expect.stringContaining(name) };
  await expect(compactCache(copy)).rejects.toMatchObject(corrupt);
  expect((await readFile(file)).equals(bytes)).toBe(true);
  const { signal } = new AbortController();
  const exported = exportCache({
    cache: copy,
    format: 'numpy',
    out: join(folder.path, 'out'),
    workers: 1,
    signal,
  });
  await expect(exported).rejects.toMatchObject(corrupt);
  // Without that photo it is whole again.
  const writer = await writeCache(copy, IDENTITY);
  expect(await writer.remove(name)).toBe(true);
  await writer.close();
  expect(await compactCache(copy)).toBe(PHOTOS - 1);
});

it('finds a label that is not as it was written', async () => {
  const copy = join(folder.path, 'label');
  const writer = await writeCache(copy, IDENTITY);
  await writer.put('a'.repeat(64), new Uint8Array(4800));
  await writer.putSamples('color', 'h', [
    { sha256: 'a'.repeat(64), label: 'red', split: 'train', component: '1' },
  ]);
  await writer.close();
  const file = join(copy, 'data.mdb');
  const bytes = await readFile(file);
  let at = bytes.indexOf('"label":"red"');
  expect(at).toBeGreaterThan(0);
  for (; at !== -1; at = bytes.indexOf('"label":"red"')) bytes.write('"label":"rod"', at);
  await writeFile(file, bytes);
  const cache = openCache(copy);
  expect(cache.samples('color', 'h')).toMatchObject([{ label: 'rod' }]);
  await expect(cache.verify()).rejects.toMatchObject({ code: 'CACHE_CORRUPT' });
  await cache.close();
});

it('is sealed again by whoever writes next, also after one that was stopped', async () => {
  const copy = join(folder.path, 'resealed');
  for (const sha256 of ['a', 'b'].map((letter) => letter.repeat(64))) {
    const writer = await writeCache(copy, IDENTITY);
    await writer.put(sha256, new Uint8Array(4800));
    await writer.close();
    await digestOf(copy);
  }
  const writer = await writeCache(copy, IDENTITY);
  await writer.remove('a'.repeat(64));
  // A reader beside a writer that has not closed: there is no seal to compare with.
  await digestOf(copy);
  await writer.close();
  await digestOf(copy);
});
