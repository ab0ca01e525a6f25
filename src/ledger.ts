/** What became of a record that a stage did not pass on unchanged; `conflict` is a note, not a departure. */
export type Fate = 'dropped' | 'merged' | 'capped' | 'quarantined' | 'conflict';

export interface LedgerEntry {
  stage: string;
  /** Present for stages that run once a task. */
  task?: string | undefined;
  /** The record's key: image id, item id or `shard:line`. */
  key: string;
  fate: Fate;
  /** A stable, short, hyphenated reason, such as `file-missing`. */
  reason: string;
  /** The record it was merged into. */
  into?: string | undefined;
  /** Free text for people: what exactly was wrong. */
  detail?: string | undefined;
}

/** Where ledger entries go. Writing never waits; the runner calls `drain` between records. */
export interface Ledger {
  write(entry: LedgerEntry): void;
  /** Resolves when there is room for more; cheap when there is. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** A ledger that keeps its entries in memory: for filters that only count, and for tests. */
export function memoryLedger(): Ledger & { readonly entries: LedgerEntry[] } {
  const entries: LedgerEntry[] = [];
  return {
    entries,
    write: (entry) => void entries.push(entry),
    drain: async () => {},
    close: async () => {},
  };
}

/** A ledger for those who only count: the stages' accounts are kept by the runner. */
export function silentLedger(): Ledger {
  return { write: () => {}, drain: async () => {}, close: async () => {} };
}
