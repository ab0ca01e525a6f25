import type { Command } from 'commander';
import { createContext, type ResourceOptions } from '../context.js';
import type { StageCounts } from '../events.js';
import { outputFile } from '../folder.js';
import { type Ledger, silentLedger } from '../ledger.js';
import { writeJsonLines } from '../sinks/jsonl.js';
import { ledgerFile } from '../sinks/ledger.js';
import { readRows } from '../sources/shard.js';
import type { RawRow } from '../sources/source.js';
import { type RunContext, runStage, type Stage } from '../stage.js';
import { parseBytes, parseInteger, parseShare } from './arguments.js';
import type { CommandEnvironment } from './command.js';
import type { HelpText } from './examples.js';
import { type PipedRecords, readRecords } from './piped-records.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

/** The options that every filter has. */
export interface FilterOptions extends ResourceOptions {
  seed: number;
  quiet?: boolean;
  json?: boolean;
  ledger?: string;
}

/** Adds a stage as a Unix filter: JSON lines on stdin (or what else `readRows` takes), JSON lines on stdout, everything else on stderr. */
export function filterCommand(
  program: Command,
  name: string,
  description: string,
  helpExamples: HelpText,
): Command {
  return program
    .command(name)
    .description(description)
    .addHelpText('after', helpExamples)
    .option('--ledger <file>', 'write what became of each record that was not passed on (gzipped JSON lines)')
    .option('--max-bad <share>', 'largest share of bad records', parseShare('--max-bad'))
    .option('--workers <n>', 'threads for pixel work', parseInteger('--workers', 1))
    .option('--memory <size>', 'bytes that may be in flight, such as 512MB', parseBytes)
    .option('--seed <n>', 'seed of every draw', parseInteger('--seed', 0), 1)
    .option(
      '--json',
      'its account on stderr as one line of JSON, without progress; stdout is JSON lines anyway',
    )
    .option('-q, --quiet', 'no progress and no account on stderr');
}

/**
 * Runs stages over stdin. The first takes raw rows, so that `parse` sees lines as they are and the others see
 * records.
 */
export async function runFilter<Out>(
  options: FilterOptions,
  { signal }: CommandEnvironment,
  chain: (rows: AsyncIterable<RawRow>, context: RunContext) => AsyncIterable<Out>,
): Promise<void> {
  if (options.ledger !== undefined) outputFile(options.ledger);
  const { ledger, reasonsOf } = counted(
    options.ledger === undefined ? silentLedger() : ledgerFile(options.ledger),
  );
  const context = createContext(options, { ledger, seed: options.seed, signal });
  const progress = showProgress(context.events, {
    quiet: options.quiet || options.json || false,
    verbose: false,
  });
  try {
    await writeJsonLines(chain(readRows(process.stdin, { signal }), context), process.stdout);
  } finally {
    progress.stop();
    await ledger.close();
  }
  if (options.quiet) return;
  for (const counts of context.counts) {
    const reasons = reasonsOf(counts.name);
    process.stderr.write(
      options.json
        ? `${JSON.stringify({ ...counts, reasons })}\n`
        : printable([accountLine(counts), ...reasons.map(reasonLine), ''].join('\n')),
    );
  }
}

/** How many records a stage did not pass on for one reason. */
interface Reason {
  fate: string;
  reason: string;
  count: number;
  /** What was wrong with the first one, of those that were refused. */
  first?: string;
}

/** A ledger that also counts, so that an account says why as well: for what was refused with the first one's detail. */
function counted(ledger: Ledger): { ledger: Ledger; reasonsOf(stage: string): Reason[] } {
  const stages = new Map<string, Map<string, Reason>>();
  return {
    ledger: {
      ...ledger,
      write(entry) {
        const { stage, fate, reason, detail } = entry;
        const reasons = stages.get(stage) ?? new Map<string, Reason>();
        stages.set(stage, reasons);
        const seen = reasons.get(`${fate} ${reason}`);
        if (seen === undefined) {
          const first = fate === 'quarantined' && detail !== undefined ? { first: detail } : {};
          reasons.set(`${fate} ${reason}`, { fate, reason, count: 1, ...first });
        } else seen.count += 1;
        ledger.write(entry);
      },
    },
    reasonsOf: (stage) =>
      [...(stages.get(stage) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reason]) => reason),
  };
}

/** One stage over the records on stdin. */
export function runStageFilter<Name extends keyof PipedRecords, Out>(
  options: FilterOptions,
  environment: CommandEnvironment,
  takes: Name,
  stage: Stage<PipedRecords[Name], Out>,
): Promise<void> {
  return runFilter(options, environment, (rows, context) =>
    runStage(stage, runStage(readRecords(takes), rows, context), context),
  );
}

function reasonLine({ fate, reason, count, first }: Reason): string {
  return `  ${count} ${fate} ${reason}${first ? `: ${first}` : ''}`;
}

function accountLine({
  name,
  in: received,
  out,
  added,
  dropped,
  merged,
  capped,
  quarantined,
  orphans,
}: StageCounts) {
  const fates = Object.entries({ added, dropped, merged, capped, quarantined, orphans: orphans ?? 0 })
    .filter(([, count]) => count > 0)
    .map(([fate, count]) => `, ${count} ${fate}`);
  return `${name}: ${received} in, ${out} out${fates.join('')}`;
}
