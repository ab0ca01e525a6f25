import { resolve } from 'node:path';
import { type Ledger, silentLedger } from '../ledger.js';
import type { JoinedView } from '../records.js';
import type { RunContext } from '../stage.js';
import { runStage } from '../stage.js';
import { type DeduplicateOptions, type DuplicateGroup, deduplicate } from '../stages/deduplicate.js';
import { collect, iterate } from '../streams.js';

export interface FoundDuplicates {
  groups: DuplicateGroup[];
  /** Files that were looked at. */
  photos: number;
  /** Those of them that cannot be decoded, and why, by path. */
  unreadable: { file: string; reason: string; detail: string }[];
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
  const unreadable: FoundDuplicates['unreadable'] = [];
  const ledger: Ledger = {
    ...silentLedger(),
    write({ fate, key, reason, detail = '' }) {
      if (fate === 'quarantined') unreadable.push({ file: key, reason, detail });
    },
  };
  await collect(runStage(stage, iterate(files.map(viewOf)), { ...context, ledger }));
  unreadable.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { groups, photos: files.length, unreadable };
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
