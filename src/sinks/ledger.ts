import { once } from 'node:events';
import type { Ledger, LedgerEntry } from '../ledger.js';
import { gzipFile } from './jsonl.js';

const CHUNK = 64 * 1024;
const EXAMPLES = 3;

/** How often a stage gave one fate for one reason, with the first few keys. */
export interface LedgerSummary {
  stage: string;
  task?: string;
  fate: string;
  reason: string;
  count: number;
  examples: string[];
}

/** A ledger written as gzipped JSON lines, and summed up on the way for the report. */
export function ledgerFile(file: string): Ledger & { summary(): LedgerSummary[] } {
  const { stream, done } = gzipFile(file);
  const sums = new Map<string, LedgerSummary>();
  let text = '';
  let failure: unknown;
  done.catch((error: unknown) => {
    failure = error;
  });

  const drain = async () => {
    if (failure !== undefined) throw failure;
    if (text.length < CHUNK) return;
    const full = !stream.write(text);
    text = '';
    if (full) await Promise.race([once(stream, 'drain'), done]);
  };
  return {
    write(entry: LedgerEntry) {
      text += `${JSON.stringify(entry)}\n`;
      const { stage, task, fate, reason, key } = entry;
      const id = JSON.stringify([stage, task, fate, reason]);
      const sum = sums.get(id);
      if (sum === undefined) {
        sums.set(id, { stage, ...(task !== undefined && { task }), fate, reason, count: 1, examples: [key] });
      } else {
        sum.count += 1;
        if (sum.examples.length < EXAMPLES) sum.examples.push(key);
      }
    },
    drain,
    async close() {
      stream.end(text);
      text = '';
      await done;
    },
    summary: () => [...sums.values()],
  };
}
