import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../errors.js';
import type { EventBus } from '../events.js';
import type { CacheIdentity, TensorCache } from '../sinks/tensor-cache/cache.js';
import { compactCache } from '../sinks/tensor-cache/compact.js';
import { identityHash } from '../sinks/tensor-cache/identity.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { writeCache } from '../sinks/tensor-cache/write.js';
import { samplesDigest } from '../sources/samples.js';

/** Photos that are taken out in one transaction. */
const REMOVED_AT_ONCE = 256;

export interface PruneRequest {
  /** A tensor cache, or a folder of caches such as a run folder. */
  path: string;
  /** Run folders: only their sets of samples are kept, and the photos that these name. */
  runs: readonly string[];
  /** sha256 (hex) of the files of photos that are taken out, whoever names them. */
  photos: ReadonlySet<string>;
  /** Whether the caches are rewritten afterwards, which gives their room back to the disk. */
  compact: boolean;
  /** Only says what would be taken out. */
  dryRun: boolean;
  signal: AbortSignal;
  /** Hears how far it is. */
  events?: EventBus;
}

/** What was taken out of one cache. */
export interface PrunedCache {
  cache: string;
  kind: CacheIdentity['kind'];
  photos: number;
  /** Sets of samples. */
  sampleSets: number;
  /** Photos left. */
  left: number;
  /** None of its samples are of the runs, so that nothing but the named photos was taken out. */
  foreign: boolean;
}

/**
 * Takes photos and sets of samples out of tensor caches: photos that are named, and what given runs do not use. Vectors
 * go with the photos of the pixel cache beside them that they were computed from.
 * @returns what was taken out of each cache, pixel caches first; none where there is no cache.
 * @throws {PipelineError} `RUN_LOCKED` while another process writes a cache, `CACHE_CORRUPT`, `SAMPLES_INVALID`.
 */
export async function prune({ path, runs, ...request }: PruneRequest): Promise<PrunedCache[]> {
  const used = runs.length === 0 ? undefined : await sampleSetsOf(runs, request.signal);
  const plans: Plan[] = [];
  for (const cache of await cachesIn(path))
    plans.push(await reading(cache, (opened) => planOf(opened, used)));
  plans.sort((a, b) => Number(a.identity.kind === 'vectors') - Number(b.identity.kind === 'vectors'));
  const keptPixels = new Map<string, Set<string>>();
  for (const plan of plans) {
    const { identity, all, wanted } = plan;
    const kept = identity.kind === 'vectors' && used !== undefined ? keptPixels.get(identity.pixels) : wanted;
    plan.removed = all.filter((sha256) => request.photos.has(sha256) || kept?.has(sha256) === false);
    if (identity.kind === 'vectors') continue;
    const removed = new Set(plan.removed);
    keptPixels.set(identityHash(identity), new Set(all.filter((sha256) => !removed.has(sha256))));
  }
  const pruned: PrunedCache[] = [];
  for (const plan of plans) {
    if (!request.dryRun) await carryOut(plan, request);
    const { cache, identity, all, removed, unused, foreign } = plan;
    const left = all.length - removed.length;
    const counts = { photos: removed.length, sampleSets: unused.length, left };
    pruned.push({ cache, kind: identity.kind, ...counts, foreign });
  }
  return pruned;
}

interface Plan {
  cache: string;
  identity: CacheIdentity;
  /** The sha256 of every photo, by key. */
  all: string[];
  /** Photos that the kept sets of samples name; undefined where all are kept. */
  wanted: Set<string> | undefined;
  unused: { task: string; hash: string }[];
  foreign: boolean;
  removed: string[];
}

/** @param used the names of the sets of samples that are kept; undefined where all are. */
function planOf(cache: TensorCache, used: ReadonlySet<string> | undefined): Plan {
  const { path, identity } = cache;
  const photos = cache.photos();
  const plan = {
    cache: path,
    identity,
    all: photos.map(({ sha256 }) => sha256),
    wanted: undefined,
    unused: [],
    foreign: false,
    removed: [],
  };
  if (used === undefined || identity.kind === 'vectors') return plan;
  const sets = cache.sampleSets();
  const kept = sets.filter((set) => used.has(setName(set)));
  // Another recipe's cache, or another size: as a whole it is for its owner to remove.
  if (kept.length === 0) return { ...plan, foreign: true };
  const shaOf = new Map(photos.map(({ key, sha256 }) => [key, sha256]));
  const wanted = new Set<string>();
  for (const { task, hash } of kept) {
    for (const { key } of cache.samples(task, hash)!) wanted.add(shaOf.get(key)!);
  }
  return { ...plan, wanted, unused: sets.filter((set) => !used.has(setName(set))) };
}

async function carryOut(
  { cache, identity, removed, unused }: Plan,
  { compact, signal, events }: Pick<PruneRequest, 'compact' | 'signal' | 'events'>,
): Promise<void> {
  if (removed.length > 0 || unused.length > 0) {
    const writer = await writeCache(cache, identity);
    try {
      for (const { task, hash } of unused) await writer.removeSamples(task, hash);
      for (let at = 0; at < removed.length; at += REMOVED_AT_ONCE) {
        throwIfAborted(signal);
        await Promise.all(removed.slice(at, at + REMOVED_AT_ONCE).map((sha256) => writer.remove(sha256)));
      }
    } finally {
      await writer.close();
    }
  }
  if (compact) await compactCache(cache, events);
}

async function reading<Result>(path: string, work: (cache: TensorCache) => Result): Promise<Result> {
  const cache = openCache(path);
  try {
    return work(cache);
  } finally {
    await cache.close();
  }
}

/** The folder itself where it is a cache, else the caches in it, by name. */
async function cachesIn(path: string): Promise<string[]> {
  const isCache = (folder: string) => existsSync(join(folder, 'data.mdb'));
  if (isCache(path)) return [path];
  const names = await readdir(path).catch((): string[] => []);
  return names
    .sort()
    .map((name) => join(path, name))
    .filter(isCache);
}

const setName = ({ task, hash }: { task: string; hash: string }) => `${task}/${hash}`;

/** Caches name a task's samples by the digest of the file that the run has of them. */
async function sampleSetsOf(runs: readonly string[], signal: AbortSignal): Promise<Set<string>> {
  const sets = new Set<string>();
  for (const run of runs) {
    for (const name of await readdir(run)) {
      const task = /^samples-(.*)\.jsonl$/.exec(name)?.[1];
      if (task !== undefined) sets.add(setName({ task, hash: await samplesDigest(join(run, name), signal) }));
    }
  }
  return sets;
}
