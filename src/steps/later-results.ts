import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFolder } from '../run.js';
import type { PartialSummary } from '../summary.js';
import type { Accounted } from './accounted.js';

/** What steps found out that this process has not come to. */
export interface LaterResults {
  /** Their names, in order. */
  names: string[];
  steps: Accounted<unknown>[];
  /** What the run's summary says of them. */
  summary: PartialSummary;
}

/**
 * What an earlier process found out by steps beyond those of this one, where it still holds: by the same recipe, from
 * the same samples and pixels, every step of both as it was.
 * @param now what this process found out
 */
export async function laterResults(run: RunFolder, now: PartialSummary): Promise<LaterResults | undefined> {
  const names = run.later();
  if (names === undefined || names.length === 0) return undefined;
  const summary = await readSummary(run.path);
  if (summary?.recipe.hash !== now.recipe.hash) return undefined;
  const cached = run.current.includes('cache');
  // Caches of more sizes change the step, not what the recipe's own has.
  if (run.changed.some((name) => name !== 'cache')) return undefined;
  if (cached && !(samePixels(summary, now) && sameSamples(summary, now))) return undefined;
  return { names, steps: names.map((name) => run.record(name)!.result as Accounted<unknown>), summary };
}

/** One summary of both: what this process found out, and the rest of the earlier one. */
export function withLater(now: PartialSummary, { summary }: LaterResults): PartialSummary {
  const tasks = Object.entries(summary.tasks).map(([task, told]) => [
    task,
    // Before there is a cache, nobody knows which photos cannot be used.
    now.caches.length === 0 ? told : { ...told, ...now.tasks[task] },
  ]);
  return {
    ...summary,
    ...now,
    caches: now.caches.length === 0 ? summary.caches : now.caches,
    tasks: Object.fromEntries(tasks) as PartialSummary['tasks'],
  };
}

/** The recipe's own cache and its stored views come first. */
function samePixels(earlier: PartialSummary, now: PartialSummary): boolean {
  const digests = ({ caches }: PartialSummary) =>
    caches.filter(({ view }, index) => index === 0 || view !== undefined).map(({ digest }) => digest);
  return digests(earlier).join() === digests(now).join();
}

function sameSamples(earlier: PartialSummary, now: PartialSummary): boolean {
  return Object.entries(now.tasks).every(
    ([task, { samplesDigest }]) => earlier.tasks[task]?.samplesDigest === samplesDigest,
  );
}

async function readSummary(run: string): Promise<PartialSummary | undefined> {
  try {
    return JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as PartialSummary;
  } catch {
    return undefined;
  }
}
