import { byteBudget } from '#src/concurrency.js';
import { eventBus } from '#src/events.js';
import { type LedgerEntry, memoryLedger } from '#src/ledger.js';
import { randomSource } from '#src/random.js';
import { type RunContext, runStage, type Stage } from '#src/stage.js';
import { collect, iterate } from '#src/streams.js';

/** A run context for tests, with a ledger that can be read. */
export function testContext(options: Partial<RunContext> = {}): RunContext & { entries: LedgerEntry[] } {
  const ledger = memoryLedger();
  return {
    signal: new AbortController().signal,
    events: eventBus(),
    ledger,
    entries: ledger.entries,
    random: randomSource(1),
    budget: byteBudget(2 ** 30),
    workers: 2,
    maxBad: 0.01,
    counts: [],
    ...options,
  };
}

export { collect, iterate as stream };

/** Runs one stage over records that are at hand. */
export function runOver<In, Out>(
  stage: Stage<In, Out>,
  records: Iterable<In>,
  context: RunContext,
): Promise<Out[]> {
  return collect(runStage(stage, iterate(records), context));
}
