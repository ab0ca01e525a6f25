import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exploration } from '../explore/exploration.js';
import type { EvaluationResult, TrainResult } from '../results.js';
import type { RunFolder } from '../run.js';
import type { LedgerSummary } from '../sinks/ledger.js';
import { taskReport } from '../sinks/report/data.js';
import type { Source } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { Summary } from '../summary.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import { foundDuplicates } from './found-duplicates.js';

/** A task with everything that the report says about it. */
export interface ReportedTask {
  cached: TaskSamples;
  train: TrainResult;
  evaluation: EvaluationResult;
}

/** Writes RUN/report.html. */
export function reportStep(options: {
  run: RunFolder;
  context: RunContext;
  summary: Summary;
  source: Source;
  ledger: readonly LedgerSummary[];
  tasks: readonly ReportedTask[];
}): Promise<Accounted<null>> {
  const { run, context, summary, source, ledger, tasks } = options;
  return accountedStep(run, context, {
    name: 'report',
    // What is shown, by the steps that found it out; the summary itself holds times that are theirs.
    dependsOn: {
      // 3: what the dump holds, and its duplicates.
      version: 3,
      recipe: summary.recipe,
      steps: run.current.map((name) => run.record(name)?.hash),
    },
    outputs: ['report.html'],
    async work({ signal }) {
      // Half a second of charts that a run with nothing to do needs not load.
      const { writeReport } = await import('../sinks/report/write.js');
      const reported = tasks.map(({ cached, train, evaluation }) =>
        taskReport({
          name: cached.task,
          samples: cached.samples,
          ...(!cached.given && { natural: cached.natural }),
          ...(cached.unmapped && { unmapped: cached.unmapped }),
          ...(cached.tree && { tree: cached.tree }),
          train,
          evaluation,
          fileOf: (path) => source.imagesRoot.placeOf(path),
        }),
      );
      const data = {
        summary,
        sourceKind: source.kind,
        ledger,
        tasks: reported,
        // Where all samples were given nothing was curated.
        ...(run.current.includes('curate') && {
          exploration: JSON.parse(await readFile(join(run.path, 'exploration.json'), 'utf8')) as Exploration,
          duplicates: await foundDuplicates(run.path, source, signal),
        }),
      };
      await writeReport(join(run.path, 'report.html'), data, { signal });
      return null;
    },
  });
}
