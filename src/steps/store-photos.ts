import { byteBudget } from '../concurrency.js';
import type { Sample } from '../records.js';
import type { CacheWriter, PixelIdentity } from '../sinks/tensor-cache/cache.js';
import { assertRoom } from '../sinks/tensor-cache/databases.js';
import { pixelTarget } from '../sinks/tensor-cache/identity.js';
import { type RunContext, runStage } from '../stage.js';
import { decodeResize } from '../stages/decode-resize.js';
import { iterate } from '../streams.js';

/** A pixel cache's place and what it holds. */
export interface PixelCache {
  path: string;
  identity: PixelIdentity;
}

/** Whether a cache keeps a sample's photo: augmented views are for training alone. */
export function keeps({ identity }: PixelCache, { split }: Sample): boolean {
  return identity.view === undefined || split === 'train';
}

/** Enough for a transaction to be worth its sync; with 64 MB a build was slower, and took 200 MB more. */
const MOST_UNCOMMITTED_BYTES = 16 * 2 ** 20;

/** Decodes the samples' photos that any of the caches lacks, and puts them where they are lacking. */
export async function storePhotos(
  writers: readonly CacheWriter[],
  caches: readonly PixelCache[],
  samples: readonly Sample[],
  context: RunContext,
): Promise<void> {
  const wanted = lackingPhotos(writers, caches, samples);
  const lacking = (index: number) => wanted.filter(({ targets }) => targets.includes(index)).length;
  const needed = writers.reduce((sum, writer, index) => sum + writer.reserve(lacking(index)), 0);
  // Each has room for itself; what matters is whether all have.
  if (writers.length > 1) assertRoom(caches[0]!.path, needed);
  const what = writers.length > 1 ? `the ${writers.length} caches take` : 'the cache takes';
  const text = `${wanted.length} photos to decode: ${what} up to ${Math.ceil(needed / 1e6)} MB more of the disk`;
  if (wanted.length > 0) context.events.emit({ type: 'message', level: 'info', text });
  const stage = decodeResize(caches.map(({ identity }) => pixelTarget(identity)));
  // A part of the budget is for what waits for its transaction, once as it was put and once as LMDB's pages.
  const most = Math.min(context.budget.total / 8, MOST_UNCOMMITTED_BYTES);
  const uncommitted = byteBudget(most);
  const decoding = { ...context, budget: byteBudget(context.budget.total - 2 * most) };
  let failure: unknown;
  const stored = new Set<Promise<void>>();
  for await (const { sha256, pixels, release: reuse } of runStage(stage, iterate(wanted), decoding, {
    total: wanted.length,
  })) {
    if (failure !== undefined) throw failure;
    const bytes = pixels.reduce((sum, one) => sum + (one?.byteLength ?? 0), 0);
    const release = await uncommitted.acquire(bytes, context.signal);
    const puts = writers.map((writer, index) => {
      const own = pixels[index];
      return own && writer.put(sha256, own);
    });
    const put = Promise.all(puts)
      .then(
        // Only when all are done with them: where one has failed, another may still be reading.
        reuse,
        (error: unknown) => {
          failure ??= error;
        },
      )
      .finally(() => {
        release();
        stored.delete(put);
      });
    stored.add(put);
  }
  await Promise.all(stored);
  if (failure !== undefined) throw failure;
}

/** The distinct photos of all samples that some of the caches lack, each with these caches' indices. */
function lackingPhotos(
  writers: readonly CacheWriter[],
  caches: readonly PixelCache[],
  samples: readonly Sample[],
): (Sample & { targets: number[] })[] {
  const wanted = new Map<string, Sample & { targets: number[] }>();
  for (const sample of samples) {
    const { sha256, path } = sample;
    const key = sha256 === '' ? path : sha256;
    const photo = wanted.get(key) ?? { ...sample, targets: [] };
    // Also where nothing lacks it: photos come in the order of all samples, whatever an earlier build stored.
    wanted.set(key, photo);
    // Tasks whose samples were given may have a photo on different sides.
    for (const [index, writer] of writers.entries()) {
      const lacks = keeps(caches[index]!, sample) && !writer.has(sha256);
      if (lacks && !photo.targets.includes(index)) photo.targets.push(index);
    }
  }
  for (const { targets } of wanted.values()) targets.sort((a, b) => a - b);
  return [...wanted.values()].filter(({ targets }) => targets.length > 0);
}
