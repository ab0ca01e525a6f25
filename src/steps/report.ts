import { join } from 'node:path';
import type { DumpProfile } from '../profile.js';
import type { EvaluationResult, TrainResult } from '../results.js';
import type { RunFolder } from '../run.js';
import type { LedgerSummary } from '../sinks/ledger.js';
import { taskReport } from '../sinks/report/data.js';
import type { ImagesRoot } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { Summary } from '../summary.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';

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
  sourceKind: string;
  imagesRoot: ImagesRoot;
  profile?: DumpProfile;
  ledger: readonly LedgerSummary[];
  tasks: readonly ReportedTask[];
}): Promise<Accounted<null>> {
  const { run, context, summary, sourceKind, imagesRoot, profile, ledger, tasks } = options;
  return accountedStep(run, context, {
    name: 'report',
    // What is shown, by the steps that found it out; the summary itself holds times that are theirs.
    dependsOn: {
      version: 2,
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
          fileOf: (path) => imagesRoot.placeOf(path),
        }),
      );
      const data = { summary, sourceKind, ledger, tasks: reported, ...(profile && { profile }) };
      await writeReport(join(run.path, 'report.html'), data, { signal });
      return null;
    },
  });
}
