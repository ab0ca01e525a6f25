import { once } from 'node:events';
import type { Ledger, LedgerEntry } from '../ledger.js';
import { gzipFile } from './jsonl.js';

const CHUNK = 64 * 1024;
const EXAMPLES = 3;
/** ABO's takes a third of level 6's time, and 3 % more room. */
const LEVEL = 3;

/** How often a stage gave one fate for one reason, with the first few keys. */
export interface LedgerSummary {
  stage: string;
  task?: string;
  fate: string;
  reason: string;
  count: number;
  examples: string[];
}

/** Entries that differ in their keys and notes alone, and what a line has before and behind the key. */
interface Kind {
  sum: LedgerSummary;
  head: string;
  middle: string;
}

/** A ledger written as gzipped JSON lines, and summed up on the way for the report. */
export function ledgerFile(file: string): Ledger & { summary(): LedgerSummary[] } {
  const { stream, done } = gzipFile(file, { level: LEVEL });
  let text = '';
  let failure: unknown;
  done.catch((error: unknown) => {
    failure = error;
  });

  const flush = () => {
    stream.write(text);
    text = '';
  };
  const drain = async () => {
    if (failure !== undefined) throw failure;
    if (stream.writableNeedDrain) await Promise.race([once(stream, 'drain'), done]);
  };
  /** Entries of one kind come in runs, and many: what they share is looked up and written once. */
  let last: Kind | undefined;
  const kinds = new Map<string, Kind>();
  const kindOf = ({ stage, task, fate, reason }: LedgerEntry): Kind => {
    if (last !== undefined) {
      const { sum } = last;
      const same = sum.stage === stage && sum.task === task && sum.fate === fate && sum.reason === reason;
      if (same) return last;
    }
    const id = JSON.stringify([stage, task, fate, reason]);
    const known = kinds.get(id);
    if (known !== undefined) return known;
    const named = { stage, ...(task !== undefined && { task }) };
    const kind: Kind = {
      sum: { ...named, fate, reason, count: 0, examples: [] },
      head: `${JSON.stringify(named).slice(0, -1)},"key":`,
      middle: `,${JSON.stringify({ fate, reason }).slice(1, -1)}`,
    };
    kinds.set(id, kind);
    return kind;
  };
  return {
    write(entry: LedgerEntry) {
      const { key, into, detail } = entry;
      last = kindOf(entry);
      const { sum, head, middle } = last;
      text += head + JSON.stringify(key) + middle;
      if (into !== undefined) text += `,"into":${JSON.stringify(into)}`;
      if (detail !== undefined) text += `,"detail":${JSON.stringify(detail)}`;
      text += '}\n';
      // At once, whoever waits for it: as text in pieces it takes several times the room.
      if (text.length >= CHUNK) flush();
      sum.count += 1;
      if (sum.examples.length < EXAMPLES) sum.examples.push(key);
    },
    drain,
    async close() {
      stream.end(text);
      text = '';
      await done;
    },
    summary: () => [...kinds.values()].map(({ sum }) => sum),
  };
}
