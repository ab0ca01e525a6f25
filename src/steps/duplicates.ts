import { resolve } from 'node:path';
import type { JoinedView } from '../records.js';
import type { RunContext } from '../stage.js';
import { runStage } from '../stage.js';
import { type DeduplicateOptions, type DuplicateGroup, deduplicate } from '../stages/deduplicate.js';
import { collect, iterate } from '../streams.js';

export interface FoundDuplicates {
  groups: DuplicateGroup[];
  /** Files that were looked at, and those of them that cannot be decoded. */
  photos: number;
  unreadable: number;
}

/**
 * Finds photos that belong together among files of which nothing else is known: a photo's id is its path, its size what
 * its file says, and each is a main view of an item of its own.
 */
export async function findDuplicates(
  files: readonly string[],
  grounds: Pick<DeduplicateOptions, 'same' | 'family'>,
  context: RunContext,
): Promise<FoundDuplicates> {
  const groups: DuplicateGroup[] = [];
  const stage = deduplicate({
    photos: 'decode',
    conflicts: 'first',
    ...grounds,
    groups: (group) => groups.push(group),
  });
  await collect(runStage(stage, iterate(files.map(viewOf)), context));
  return { groups, photos: files.length, unreadable: context.counts.at(-1)!.quarantined };
}

function viewOf(file: string): JoinedView {
  return {
    imageId: file,
    itemId: file,
    listing: file,
    role: 'main',
    path: file,
    file: resolve(file),
    attributes: {},
    width: 0,
    height: 0,
  };
}
