import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SampleRecord, Side } from '../records.js';
import { resolveOutput } from '../run.js';
import type { CachedSample } from '../sinks/tensor-cache/cache.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import type { CacheSummary } from '../summary.js';
import type { Findings } from './findings.js';
import type { RunFiles, TaskFiles } from './run-files.js';

/**
 * Checks each cache of a run: the samples that it keeps are those of the files, on their sides, and stored views are of
 * photos to train on alone.
 * @returns how many samples of each task the run's own cache holds, by side; undefined where it has none.
 */
export async function checkCaches(
  findings: Findings,
  { path, summary }: RunFiles,
  tasks: readonly TaskFiles[],
): Promise<Map<string, CachedSample[]> | undefined> {
  let own: Map<string, CachedSample[]> | undefined;
  for (const told of summary.caches) {
    const folder = resolveOutput(path, told.path);
    if (!existsSync(join(folder, 'data.mdb'))) {
      findings.found({ check: 'caches', key: told.path, message: 'the cache is not there any more' });
      continue;
    }
    const kept = await checkCache(findings, folder, told, tasks);
    own ??= kept;
  }
  return own;
}

async function checkCache(
  findings: Findings,
  folder: string,
  { path: key, view }: CacheSummary,
  tasks: readonly TaskFiles[],
): Promise<Map<string, CachedSample[]>> {
  const cache = openCache(folder);
  try {
    const photos = new Map(cache.photos().map((photo) => [photo.key, photo.sha256]));
    const kept = new Map<string, CachedSample[]>();
    for (const { task, recorded, samples } of tasks) {
      const cached = cache.samples(task, recorded.digest);
      if (cached === undefined) {
        const message = `it holds no samples of ${task} as the run's step wrote them`;
        findings.found({ check: 'caches', key, message });
        continue;
      }
      kept.set(task, cached);
      findings.looked('caches', cached.length);
      const written = writtenAs(samples);
      for (const sample of cached) {
        const sha256 = photos.get(sample.key) ?? '';
        const found = (message: string) =>
          findings.found({
            check: 'caches',
            key,
            message: `${task}, photo ${sha256.slice(0, 16)}…: ${message}`,
          });
        if (!written.has(describe(sha256, sample)) && !written.has(describe('', sample))) {
          found(`it is ${sample.label} on the ${sample.split} side here, and not in the samples' file`);
        }
        if (view !== undefined && sample.split !== 'train')
          found(`an augmented view of the ${sample.split} side`);
      }
    }
    return kept;
  } finally {
    await cache.close();
  }
}

interface Described {
  label: string;
  split: Side;
  component: string;
}

/** The samples of a file as a cache would tell of them; where curation read no photo their hash is not known. */
function writtenAs(samples: readonly SampleRecord[]): Set<string> {
  return new Set(samples.map((sample) => describe(sample.sha256, sample)));
}

function describe(sha256: string, { label, split, component }: Described): string {
  return JSON.stringify([sha256, label, split, component]);
}
