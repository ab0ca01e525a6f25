import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventBus } from '../events.js';
import type { ImagesRoot } from '../sources/source.js';
import { readTaskSamples, samplesFiles } from './samples.js';

/** How many photos a message names. */
const MOST_NAMED = 5;

/**
 * Does a step that writes tasks' samples, and says which photos have other bytes than they had in the samples that the
 * run folder held before.
 */
export async function tellingChanges<Result>(
  options: { run: string; tasks: readonly string[]; imagesRoot: ImagesRoot; events: EventBus },
  work: () => Promise<Result>,
): Promise<Result> {
  const before = await photoHashes(options);
  const result = await work();
  if (before.size === 0) return result;
  const changed = [...(await photoHashes(options))].flatMap(([path, sha256]) => {
    const earlier = before.get(path);
    return earlier === undefined || earlier === sha256 ? [] : [path];
  });
  if (changed.length > 0) options.events.emit({ type: 'message', level: 'info', text: message(changed) });
  return result;
}

/** sha256 by path of the photos of all tasks' samples; without those that no curation read. */
async function photoHashes({
  run,
  tasks,
  imagesRoot,
}: {
  run: string;
  tasks: readonly string[];
  imagesRoot: ImagesRoot;
}): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const task of tasks) {
    if (!existsSync(join(run, samplesFiles(task).jsonl))) continue;
    // The file may no longer be what we wrote.
    const samples = await readTaskSamples(run, task, imagesRoot).catch(() => []);
    for (const { path, sha256 } of samples) if (sha256) hashes.set(path, sha256);
  }
  return hashes;
}

function message(changed: readonly string[]): string {
  const photos = changed.length === 1 ? '1 photo' : `${changed.length} photos`;
  const named = changed.slice(0, MOST_NAMED).join(', ');
  return `${photos} changed since the last run: ${named}${changed.length > MOST_NAMED ? ', …' : ''}`;
}
