import type { LedgerEntry } from '../ledger.js';
import type { ImageRow } from '../sources/source.js';
import type { PreparedTask } from '../summary.js';
import type { DumpRow } from './dump-rows.js';
import type { Known } from './known.js';
import { plainly } from './reasons.js';
import type { GroupLine, PredictionLine } from './run-files.js';

/** One step of what became of a record. */
export interface Chapter {
  stage: string;
  task?: string;
  /** The ledger's, where it has a line of this. */
  reason?: string;
  text: string;
  todo?: string;
}

/** Everything that stories are told from. */
export interface Sources {
  known: Known;
  groups: readonly GroupLine[];
  /** Lines of the ledger that name a key, an image of its picture or a row that shows it. */
  ledgerOf(name: string): readonly LedgerEntry[];
  /** undefined: the dump was not there to be read. */
  rows: readonly DumpRow[] | undefined;
  table: ReadonlyMap<string, ImageRow>;
  /** A photo's attributes, as curation resolved them. */
  attributesOf(imageId: string): Readonly<Record<string, unknown>>;
  /** The caches that hold a file, by sha256. */
  cachedIn(sha256: string): readonly { path: string; key: number }[];
  predictionsOf(task: string): readonly PredictionLine[] | undefined;
  tasks: readonly string[];
  splitBy(task: string): PreparedTask['splitBy'];
}

/** A line of the ledger as a chapter. */
export function entryChapter(entry: LedgerEntry): Chapter {
  const { stage, task, reason } = entry;
  return { stage, ...(task !== undefined && { task }), reason, ...plainly(entry) };
}

/** Whether a row of the dump shows an image. */
export function shows({ mainImageId, otherImageIds }: DumpRow, imageId: string): boolean {
  return mainImageId === imageId || otherImageIds.includes(imageId);
}
