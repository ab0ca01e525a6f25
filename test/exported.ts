import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { CachedSample } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { cacheName } from '#src/steps/cache.js';

export const IDENTITY = pixelIdentity({ height: 10, width: 14, fit: 'stretch', decoder: 'turbo' });
export const BYTES = 10 * 14 * 3;
export const TASK = 'product_type';
export const HASH = 'ab12cd34';
export const LABELS = ['CHAIR', '../up', 'a/b: c', '沙发'];
const SIDES = ['train', 'validation', 'train', 'test'] as const;

export const shaOf = (photo: number) => createHash('sha256').update(`photo ${photo}`).digest('hex');
export const pixelsOf = (photo: number) =>
  Uint8Array.from({ length: BYTES }, (_, at) => (at * (photo + 3) + photo * 13) % 256);

export type NamedSample = Omit<CachedSample, 'key'> & { sha256: string };

/** Samples in another order than the photos' keys; one photo is there twice, under two labels. */
export function samplesOf(photos: number): NamedSample[] {
  const order = Array.from({ length: photos }, (_, index) => (index * 7 + 3) % photos);
  return [...order, 0].map((photo, index) => ({
    sha256: shaOf(photo),
    label: LABELS[index % LABELS.length]!,
    split: SIDES[photo % SIDES.length]!,
    component: `c${photo % 5}`,
  }));
}

/** A cache of drawn photos with samples by `task/hash`; @returns its folder. */
export async function drawnCache(
  root: string,
  photos: number,
  sets: Record<string, readonly NamedSample[]> = { [`${TASK}/${HASH}`]: samplesOf(photos) },
  identity = IDENTITY,
): Promise<string> {
  const path = join(root, cacheName(identity));
  const writer = await writeCache(path, identity);
  for (let photo = 0; photo < photos; photo++) await writer.put(shaOf(photo), pixelsOf(photo));
  for (const [name, samples] of Object.entries(sets)) {
    const [task, hash] = name.split('/') as [string, string];
    await writer.putSamples(task, hash, samples);
  }
  await writer.close();
  return path;
}

const PYTHON = process.env['ABO_PYTHON'] ?? 'python3';

/** Whether the Python at hand (`ABO_PYTHON`, default `python3`) has these modules; says so where it has not. */
export function pythonHas(what: string, ...modules: string[]): boolean {
  const probe = `import sys, importlib.util as u; sys.exit(not all(u.find_spec(m) for m in sys.argv[1:]))`;
  const found = spawnSync(PYTHON, ['-c', probe, ...modules]).status === 0;
  if (!found) console.warn(`SKIPPED: ${what} (ABO_PYTHON names a Python with ${modules.join(', ')})`);
  return found;
}

/** Runs a Python program; @returns the JSON of its last line. */
export function python(program: string, ...args: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', program, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}
