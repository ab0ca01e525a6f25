import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exploration } from '../explore/exploration.js';
import type { Recipe } from '../recipe.js';
import type { EvaluationResult, TrainResult } from '../results.js';
import type { RunFolder } from '../run.js';
import type { LedgerSummary } from '../sinks/ledger.js';
import { taskReport } from '../sinks/report/data.js';
import { withCaches } from '../sinks/tensor-cache/with-caches.js';
import type { Source } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { Summary } from '../summary.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import { foundDuplicates } from './found-duplicates.js';
import { provenanceOf } from './provenance.js';
import { augmentedPhotos, pixelsIn } from './reported-pictures.js';
import type { PixelCache } from './store-photos.js';

/** A task with everything that the report says about it. */
export interface ReportedTask {
  cached: TaskSamples;
  train: TrainResult;
  evaluation: EvaluationResult;
}

/** Writes RUN/report.html, and each of its figures into RUN/figures/. */
export function reportStep(options: {
  run: RunFolder;
  context: RunContext;
  recipe: Recipe;
  summary: Summary;
  source: Source;
  given: ReadonlyMap<string, string>;
  previous?: string;
  weights: ReadonlyMap<string, string | undefined>;
  ledger: readonly LedgerSummary[];
  /** The cache of all tasks' photos. */
  pixels: PixelCache;
  tasks: readonly ReportedTask[];
}): Promise<Accounted<null>> {
  const { run, context, recipe, summary, source, ledger, pixels, tasks } = options;
  const { name: backend } = summary.backend;
  return accountedStep(run, context, {
    name: 'report',
    // What is shown, by the steps that found it out; the summary itself holds times that are theirs.
    dependsOn: {
      // 3: what the dump holds, and its duplicates; 4: the answer first, figures, provenance, where classes are seen.
      version: 4,
      recipe: summary.recipe,
      steps: run.current.map((name) => run.record(name)?.hash),
    },
    outputs: ['report.html', 'figures'],
    async work({ signal, events }) {
      // Half a second of charts that a run with nothing to do needs not load.
      const { writeReport } = await import('../sinks/report/write.js');
      const figures = await withCaches([pixels], async ([cache]) => {
        const augmentation = await augmentedPhotos(cache!, recipe, tasks[0]!.cached);
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
            pixelsOf: pixelsIn(cache!, cached),
          }),
        );
        const data = {
          summary,
          sourceKind: source.kind,
          ledger,
          tasks: reported,
          ...(augmentation && { augmentation }),
          provenance: provenanceOf({ ...options, backend }),
          // Where all samples were given nothing was curated.
          ...(run.current.includes('curate') && {
            exploration: JSON.parse(
              await readFile(join(run.path, 'exploration.json'), 'utf8'),
            ) as Exploration,
            duplicates: await foundDuplicates(run.path, source, signal),
          }),
        };
        return writeReport(join(run.path, 'report.html'), data, {
          signal,
          events,
          figures: join(run.path, 'figures'),
        });
      });
      if (figures?.png === 0) {
        const text =
          'Figures were written as SVG alone: without fonts no PNG can be drawn of them. Install some, such as fonts-dejavu-core, and remove RUN/figures';
        events.emit({ type: 'message', level: 'warning', text });
      }
      return null;
    },
  });
}
