import type { StageCounts } from '../events.js';
import { watchMemory } from '../memory.js';
import { type RunFolder, stepLedger, stepLedgerName } from '../run.js';
import { type LedgerSummary, ledgerFile } from '../sinks/ledger.js';
import type { RunContext } from '../stage.js';

/** A step's own result with what its stages counted, its ledger summed up and what it cost, as the manifest keeps it. */
export interface Accounted<Result> {
  result: Result;
  counts: StageCounts[];
  ledger: LedgerSummary[];
  peakMemoryBytes: number;
}

/**
 * Does a step whose stages keep accounts: gives it a ledger and a list of counts of its own, and keeps both with its
 * result, so that a later run that has nothing to do can still say where every record went.
 */
export function accountedStep<Result>(
  run: RunFolder,
  context: RunContext,
  step: {
    name: string;
    dependsOn: unknown;
    outputs: readonly string[];
    holds?(result: Result): Promise<boolean>;
    work(context: RunContext): Promise<Result>;
  },
): Promise<Accounted<Result>> {
  const { name, dependsOn, holds } = step;
  return run.step({
    name,
    dependsOn,
    outputs: [...step.outputs, stepLedgerName(name)],
    ...(holds && { holds: ({ result }: Accounted<Result>) => holds(result) }),
    async work() {
      const ledger = ledgerFile(stepLedger(run.path, step.name));
      const counts: StageCounts[] = [];
      const memory = watchMemory();
      let result: Result;
      try {
        result = await step.work({ ...context, ledger, counts });
      } finally {
        memory.stop();
        // Also after a failure: the ledger is where its reason is looked up.
        await ledger.close();
      }
      return { result, counts, ledger: ledger.summary(), peakMemoryBytes: memory.peakBytes };
    },
  });
}
