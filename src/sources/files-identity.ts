import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';

/** How long the event loop may have to wait. */
const SLICE_MS = 10;

/** sha256 over the names (relative to `root`), sizes and modification times of files, hex. */
export async function filesIdentity(files: readonly string[], root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(line(file.slice(root.length), await stat(file)));
  return hash.digest('hex');
}

/**
 * The same over files that may be missing, by their names relative to `root`, hex. No file is read.
 * @throws {PipelineError} `ABORTED`
 */
export async function presentIdentity(
  names: Iterable<string>,
  root: string,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  let since = performance.now();
  for (const name of names) {
    hash.update(line(name, statOf(join(root, name))));
    since = await afterSlice(since, signal);
  }
  return hash.digest('hex');
}

/**
 * The same over every file in a folder, hex: it changes when one is added, removed or written again. No file is read.
 * Looked at in slices at once, which is several times as fast as waiting for each.
 * @throws {PipelineError} `ABORTED`
 */
export async function folderIdentity(folder: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const folders = [''];
  let since = performance.now();
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    const inside: string[] = [];
    for (const entry of entriesOf(join(folder, at))) {
      const name = `${at}${entry.name}`;
      if (entry.isDirectory()) inside.push(`${name}/`);
      else hash.update(line(name, statOf(join(folder, name))));
      since = await afterSlice(since, signal);
    }
    folders.push(...inside.reverse());
  }
  return hash.digest('hex');
}

/** Lets others have a turn where a slice is over; when the slice began that goes on. */
async function afterSlice(since: number, signal: AbortSignal): Promise<number> {
  if (performance.now() - since < SLICE_MS) return since;
  await setImmediate();
  throwIfAborted(signal);
  return performance.now();
}

/** A folder's entries in the order of their names; none where it cannot be read. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

/** What a name leads to; undefined for a link that leads nowhere. */
function statOf(file: string): { size: number; mtimeMs: number } | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function line(name: string, stats: { size: number; mtimeMs: number } | undefined): string {
  return `${name}\0${stats?.size}\0${stats?.mtimeMs}\n`;
}
