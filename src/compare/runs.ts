import {
  type RunFiles,
  readPredictions,
  readRun,
  readRunRecipe,
  readTaskSamples,
} from '../audit/run-files.js';
import { PipelineError } from '../errors.js';
import type { Recipe } from '../recipe.js';
import type { RunCost, TaskSummary } from '../summary.js';
import { type Difference, recipeDifferences } from './differences.js';
import { factorsOf } from './factors.js';
import { type Comparison, comparePair, type ScoredRun } from './pairs.js';

/** A run’s figures of one task. */
export interface TaskFigures
  extends Pick<
    TaskSummary,
    | 'accuracy'
    | 'accuracyInterval'
    | 'classes'
    | 'ece'
    | 'epochs'
    | 'evaluatedOn'
    | 'loss'
    | 'macroF1'
    | 'naturalAccuracy'
    | 'overfitting'
    | 'splitBy'
    | 'trainSeconds'
  > {
  run: string;
  /** Photos of the side it was evaluated on, and how many of them have a twin on another side. */
  photos: number;
  twins: number;
  /** Beside the first run that has the task; absent for that one. */
  comparison?: Comparison;
}

export interface ComparedRuns {
  runs: {
    run: string;
    recipe: string;
    source: string;
    backend?: string;
    /** Of all its tasks; absent where none was trained. */
    cost?: RunCost;
    /** What its recipe has otherwise than the first run's. */
    differences: Difference[];
    warnings: string[];
  }[];
  tasks: Record<string, TaskFigures[]>;
}

interface OpenRun extends RunFiles {
  recipe: Recipe;
}

/**
 * Sets finished runs side by side, each beside the first: figures, recipes' differences, and accuracies paired on the
 * photos that both scored.
 * @throws {PipelineError} `USAGE` for fewer than two runs, and as `readRun`; `INPUT_INVALID` where a run has no recipe.
 */
export async function compareRuns(paths: readonly string[], signal: AbortSignal): Promise<ComparedRuns> {
  if (paths.length < 2)
    throw new PipelineError('USAGE', 'Expected at least two runs to compare', {
      hint: 'The others are set beside the first: `pipeline compare RUN OTHER`.',
    });
  const runs = await Promise.all(paths.map(openRun));
  const [first] = runs;
  const names = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary.tasks)))];
  const tasks: ComparedRuns['tasks'] = {};
  for (const task of names) {
    const figures = await taskFigures(task, runs, signal);
    if (figures.length > 0) tasks[task] = figures;
  }
  return {
    runs: runs.map((run) => {
      const differences = recipeDifferences(first!.recipe, run.recipe);
      const { source, backend, cost } = run.summary;
      return {
        run: run.path,
        recipe: run.summary.recipe.name,
        source,
        ...(backend && { backend: backend.name }),
        ...(cost && { cost }),
        differences,
        warnings: [...warningsOf(first!, run, differences), ...unscored(run, names, tasks)],
      };
    }),
    tasks,
  };
}

async function openRun(path: string): Promise<OpenRun> {
  const run = await readRun(path);
  return { ...run, recipe: await readRunRecipe(run) };
}

/** What makes a difference between two runs hard to explain, or no difference of theirs. */
function warningsOf(first: OpenRun, run: OpenRun, differences: readonly Difference[]): string[] {
  if (run === first) return [];
  const { same, other, unknown } = factorsOf(first, run);
  const number = differences.length + other.size;
  const untold =
    unknown.length === 0 ? '' : ` Of ${unknown.join(', ')} a summary of an older version says nothing.`;
  return [
    ...[...other.values()].filter((text) => text !== undefined),
    ...(number > 1 ? [`${number} factors differ: which of them made the difference is not known.`] : []),
    ...(number === 0 ? [`Nothing differs: the same ${['recipe', ...same].join(', ')}.${untold}`] : []),
  ];
}

/** Says why a run is missing among a task's figures, where another has such a task or it has it itself. */
function unscored(
  { path, summary }: OpenRun,
  names: readonly string[],
  tasks: ComparedRuns['tasks'],
): string[] {
  const missing = names.filter((task) => !tasks[task]?.some(({ run }) => run === path));
  const [untold, others] = [true, false].map((has) =>
    missing.filter((task) => (summary.tasks[task] !== undefined) === has),
  );
  return [
    ...(untold!.length === 0
      ? []
      : [
          `Its summary has no evaluation of ${untold!.join(', ')}: \`run\` with its recipe makes one, and keeps the steps that are finished.`,
        ]),
    ...(others!.length === 0 ? [] : [`It has no task ${others!.join(', ')}.`]),
  ];
}

async function taskFigures(
  task: string,
  runs: readonly OpenRun[],
  signal: AbortSignal,
): Promise<TaskFigures[]> {
  const figures: TaskFigures[] = [];
  let base: (ScoredRun & { components: Map<string, string>; seed: number }) | undefined;
  for (const run of runs) {
    const told = run.summary.tasks[task];
    const predictions = await readPredictions(run, task, signal);
    if (told === undefined || !('accuracy' in told) || predictions === undefined) continue;
    const samples = await readTaskSamples(run, task, signal);
    const scored: ScoredRun = {
      classes: [...new Set(samples.map(({ label }) => label))].sort(),
      merge: run.recipe.tasks[task]?.merge ?? {},
      predictions,
    };
    const components = new Map(samples.map(({ path, component }) => [path, component]));
    const { accuracy, accuracyInterval, classes, ece, epochs, evaluatedOn, loss, macroF1 } = told;
    const { naturalAccuracy, overfitting, splitBy, splits, trainSeconds, twins } = told;
    figures.push({
      run: run.path,
      accuracy,
      accuracyInterval,
      classes,
      ece,
      epochs,
      evaluatedOn,
      loss,
      macroF1,
      naturalAccuracy,
      ...(overfitting !== undefined && { overfitting }),
      splitBy,
      trainSeconds,
      photos: splits[evaluatedOn],
      twins: twins[evaluatedOn],
      ...(base && {
        comparison: comparePair(base, scored, {
          componentOf: (path) => base!.components.get(path) ?? path,
          seed: base.seed,
        }),
      }),
    });
    base ??= { ...scored, components, seed: run.recipe.seed };
  }
  return figures;
}
