import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { uniform } from '#src/random.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';
import { digestOf } from './digest.js';

const IDENTITY = pixelIdentity({ height: 40, width: 40, fit: 'stretch', decoder: 'turbo' });
const OF = { identity: IDENTITY };
const BYTES = 40 * 40 * 3;
const PHOTOS = 240;
const DIST = new URL('../../../dist/', import.meta.url).href;

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('faults');
});
afterEach(() => folder.dispose());

const shaOf = (photo: number) => createHash('sha256').update(`photo ${photo}`).digest('hex');
const pixelsOf = (photo: number) => new Uint8Array(BYTES).map((_, at) => at * 7 + photo * 13);

async function build(path: string, count = PHOTOS): Promise<string> {
  const writer = await writeCache(path, IDENTITY);
  try {
    await Promise.all(Array.from({ length: count }, (_, photo) => writer.put(shaOf(photo), pixelsOf(photo))));
    await writer.putSamples('color', 'h', [
      { sha256: shaOf(1), label: 'red', split: 'train', component: 'c' },
    ]);
  } finally {
    await writer.close();
  }
  return path;
}

/** A process that builds the same cache and says each photo that it has begun. */
function builder(path: string) {
  const script = `
    import { createHash } from 'node:crypto';
    import { writeSync } from 'node:fs';
    import { writeCache } from ${JSON.stringify(`${DIST}sinks/tensor-cache/write.js`)};
    const writer = await writeCache(${JSON.stringify(path)}, ${JSON.stringify(IDENTITY)});
    for (let photo = 0; photo < ${PHOTOS}; photo++) {
      const sha = createHash('sha256').update('photo ' + photo).digest('hex');
      const put = writer.put(sha, new Uint8Array(${BYTES}).map((_, at) => at * 7 + photo * 13));
      if (photo % 5 === 4) await put;
      writeSync(1, photo + '\\n');
    }
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function killAt(path: string, photo: number): Promise<void> {
  const child = builder(path);
  for await (const line of createInterface({ input: child.stdout! })) if (Number(line) >= photo) break;
  child.kill('SIGKILL');
  await once(child, 'close');
}

it('ends with the same contents after kill -9 at any of 50 points', async () => {
  const undisturbed = await digestOf(await build(join(folder.path, 'undisturbed')), OF);
  for (let round = 0; round < 10; round++) {
    const path = join(folder.path, `killed-${round}`);
    // Each cache is killed five times, and each time another process goes on.
    const points = Array.from({ length: 5 }, (_, at) => Math.floor(uniform('kill', round, at) * PHOTOS)).sort(
      (a, b) => a - b,
    );
    for (const point of points) {
      await killAt(path, point);
      const cache = openCache(path, { identity: IDENTITY });
      expect(await cache.verify()).toEqual({ sealed: false });
      expect([...cache.keys()]).toEqual([...Array(cache.length).keys()]);
      await cache.close();
    }
    await build(path);
    expect(await digestOf(path, OF)).toBe(undisturbed);
  }
});

it('refuses a second builder and leaves the first alone; a killed one’s lock is no lock', async () => {
  const path = join(folder.path, 'two');
  const first = builder(path);
  const lines = createInterface({ input: first.stdout! });
  await once(lines, 'line');
  await expect(writeCache(path, IDENTITY)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
  for await (const line of lines) if (Number(line) === PHOTOS - 1) break;
  first.kill('SIGKILL');
  await once(first, 'close');
  expect(await readFile(join(path, 'writer.lock'), 'utf8')).toBe(`${first.pid}\n`);
  await build(path);
  expect(await digestOf(path, OF)).toBe(await digestOf(await build(join(folder.path, 'one')), OF));
});

it('finds a flipped byte and names its photo', async () => {
  const path = await build(join(folder.path, 'flipped'), 20);
  const file = join(path, 'data.mdb');
  const bytes = await readFile(file);
  const at = bytes.indexOf(Buffer.from(pixelsOf(4)));
  expect(at).toBeGreaterThan(0);
  const whole = openCache(path);
  expect(await whole.verify()).toEqual({ sealed: true });
  await whole.close();
  bytes[at + 1234]! ^= 4;
  await writeFile(file, bytes);
  const { code, stderr } = await pipeline(['inspect', path, '--verify']);
  expect(code).toBe(1);
  expect(stderr).toContain('CACHE_CORRUPT');
  expect(stderr).toContain(shaOf(4));
});
