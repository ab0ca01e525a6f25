import { join } from 'node:path';
import { originOf } from '../attribution.js';
import { hashOf } from '../canonical-json.js';
import type { BackendChoice } from '../models/backends/backend.js';
import { readsFeatures } from '../models/classifier.js';
import { assertKernelRows, kernelRows } from '../models/kernel/recipe.js';
import { type TrainerThread, trainerThread } from '../models/trainer/thread.js';
import { resultOfTask, sharesTrunk } from '../models/trunk.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { TrainResult } from '../results.js';
import { openRunFolder, RECIPE_FILE, type RunFolder } from '../run.js';
import type { LedgerSummary } from '../sinks/ledger.js';
import type { Source } from '../sources/source.js';
import { assertBalanced, type RunContext } from '../stage.js';
import type { PartialSummary, Summary } from '../summary.js';
import { isSyntheticDump } from '../synth/truth.js';
import { writeWholeFile } from '../whole-file.js';
import type { Accounted } from './accounted.js';
import { cacheStep, type TaskSamples } from './cache.js';
import { checkTraining } from './check.js';
import { runCost } from './cost.js';
import { evaluatedSide, evaluateStep } from './evaluate.js';
import { featureSteps, readWeights, weightsDigests } from './features.js';
import { galleryFolder, galleryStep, tasksAlike } from './gallery.js';
import { laterResults, withLater } from './later-results.js';
import { reliabilityStep } from './reliability.js';
import { type ReportedTask, reportStep } from './report.js';
import { sampleSteps } from './sample-steps.js';
import { preparedTask, taskSummary } from './task-summary.js';
import { type TaskInputs, trainStep } from './train.js';

/** How far to go. */
export const UNTIL = ['curate', 'cache', 'check', 'train', 'evaluate', 'report'] as const;
export type Until = (typeof UNTIL)[number];

export interface PipelineOptions {
  recipe: Recipe;
  source: Source;
  /** Files of samples by task, taken instead of curating. */
  given: ReadonlyMap<string, string>;
  /** An older run, or its `photos.parquet`, whose sides are kept. */
  previous?: string;
  /** Folders of pretrained weights by network; undefined: from scratch. */
  weights: ReadonlyMap<string, string | undefined>;
  /** The run folder. */
  out: string;
  /** Where caches lie, to be shared between runs; default: in the run folder. */
  cacheRoot?: string;
  /** Heights and widths of more pixel caches than the recipe's own, filled from the same decode. */
  sizes?: readonly number[];
  backend: BackendChoice;
  until: Until;
  context: RunContext;
  /** Called once the folder is this process's; returns what to call at the end. */
  onOpen?: (run: string) => () => void;
}

/**
 * Does a run's steps in order, up to one of them. Each step is done once for each value of what it depends on: a
 * second run does nothing, a run that was stopped goes on.
 * @throws {PipelineError} `RUN_LOCKED`, and whatever the steps throw.
 */
export async function runPipeline(options: PipelineOptions): Promise<PartialSummary> {
  const { out, context, onOpen } = options;
  const run = await openRunFolder(out, context.events);
  const trainer = trainerThread(options.backend);
  let ended: (() => void) | undefined;
  try {
    ended = onOpen?.(run.path);
    return await steps(run, options, trainer);
  } finally {
    await trainer.close();
    ended?.();
    run.close();
  }
}

/** @throws {PipelineError} `RECIPE_INVALID` where a kernel head would have more rows than it can be solved on. */
function assertKernelHeads(recipe: Recipe, tasks: readonly TaskSamples[]): void {
  for (const { task, samples } of tasks) {
    const model = modelOf(recipe, task);
    if (model.head.kernel === undefined) continue;
    assertKernelRows(kernelRows(model, samples, recipe.cache.augmentedCopies ?? 0), task);
  }
}

async function steps(
  run: RunFolder,
  options: PipelineOptions,
  trainer: TrainerThread,
): Promise<PartialSummary> {
  const { recipe, source, context, until } = options;
  const reached = (step: Until) => UNTIL.indexOf(until) >= UNTIL.indexOf(step);
  const root = options.cacheRoot ?? run.path;
  const done: Accounted<unknown>[] = [];
  const summary: PartialSummary = {
    schemaVersion: 1,
    recipe: { name: recipe.name, hash: hashOf(recipe) },
    source: source.name,
    ...(source.imagesDir !== undefined && { images: source.imagesDir }),
    synthetic: await isSyntheticDump(source.root),
    seconds: 0,
    peakMemoryBytes: 0,
    stages: [],
    caches: [],
    tasks: {},
  };

  // Before anything is computed: weights that cannot be read would end the run after curation.
  const weights = reached('check') ? await readWeights(recipe, options.weights) : new Map();
  const { tasks, accounts } = await sampleSteps(run, options);
  done.push(...accounts);
  const prepare = (some: readonly TaskSamples[]) => {
    for (const task of some) summary.tasks[task.task] = preparedTask(task, recipe);
  };
  prepare(tasks);
  if (reached('check')) assertKernelHeads(recipe, tasks);
  if (reached('evaluate')) for (const task of tasks) evaluatedSide(task);

  if (reached('cache')) {
    const { step, summaries, pixels, views, usable } = await cacheStep({
      run,
      context,
      recipe,
      tasks,
      root,
      ...(options.sizes && { sizes: options.sizes }),
    });
    done.push(step);
    summary.caches.push(...summaries);
    prepare(usable);

    if (until === 'check') {
      summary.checks = [];
      for (const task of usable) {
        const own = weights.get(modelOf(recipe, task.task).network);
        const inputs = { tasks: [task], pixels, views, ...(own && { weights: own }) };
        summary.checks.push(await checkTraining({ context, recipe, task, inputs, trainer }));
      }
    }
    if (reached('train')) {
      summary.weights = weightsDigests(recipe, weights);
      summary.weightsFrom = Object.fromEntries(
        [...options.weights].filter((pair): pair is [string, string] => pair[1] !== undefined),
      );
      const { features, steps, passes } = await featureSteps({
        run,
        context,
        recipe,
        tasks: usable,
        weights,
        pixels: { pixels, views },
        root,
        backend: options.backend,
      });
      done.push(...steps);
      const reported: ReportedTask[] = [];
      const outcomes: TrainResult[] = [];
      const trainedOn: TaskInputs[] = [];
      for (const together of sharesTrunk(recipe) ? [usable] : usable.map((task) => [task])) {
        const [{ task: first }] = together as [TaskSamples];
        const { network } = modelOf(recipe, first);
        const own = { features: features.get(first), weights: weights.get(network) };
        const read = readsFeatures(recipe, first) === 'all' ? 'features' : 'headFeatures';
        const inputs = {
          tasks: together,
          pixels,
          views,
          ...(own.features && { [read]: own.features }),
          ...(own.weights && { weights: own.weights }),
        };
        const trained = await trainStep({ run, context, recipe, inputs, trainer });
        done.push(trained);
        trainedOn.push(inputs);
        summary.backend = trained.result.backend;
        outcomes.push(trained.result.train);
        if (!reached('evaluate')) continue;
        for (const task of together) {
          const evaluated = await evaluateStep({ run, context, recipe, task, inputs, trainer });
          done.push(evaluated);
          const train = resultOfTask(trained.result.train, task.task);
          summary.tasks[task.task] = taskSummary(
            summary.tasks[task.task]!,
            train,
            evaluated.result,
            own.features,
          );
          reported.push({ cached: task, train, evaluation: evaluated.result });
        }
      }
      if (recipe.gallery !== false) {
        const inputs = trainedOn[0]!;
        const alike = tasksAlike(recipe, inputs, features);
        const origin = originOf({ kind: source.kind, synthetic: summary.synthetic });
        done.push(await galleryStep({ run, context, inputs, tasks: usable, alike, origin, trainer }));
      }
      if (reached('evaluate')) {
        const gallery = recipe.gallery === false ? {} : { gallery: galleryFolder(trainedOn[0]!) };
        for (const inputs of trainedOn) {
          for (const task of inputs.tasks) {
            done.push(await reliabilityStep({ run, context, recipe, task, inputs, trainer, ...gallery }));
          }
        }
      }
      summary.cost = runCost(run, outcomes, passes);
      addUp(summary, done, run);
      if (reached('report')) {
        const ledger: LedgerSummary[] = done.flatMap((step) => step.ledger);
        done.push(
          await reportStep({ ...options, run, summary: summary as Summary, ledger, pixels, tasks: reported }),
        );
      }
    }
  }
  if (until === 'check') {
    addUp(summary, done, run);
    // A look at a training says nothing of the run: what the folder says of an earlier one stays.
    await run.finish({ whole: false, later: run.later() ?? [] });
    return summary;
  }
  // What was evaluated is not forgotten because somebody looks at its cache again.
  const later = until === 'report' ? undefined : await laterResults(run, summary);
  addUp(summary, [...done, ...(later?.steps ?? [])], run, later?.names);
  await run.finish({ whole: until === 'report', later: later?.names ?? [] });
  const whole = later === undefined ? summary : withLater(summary, later);
  await writeWholeFile(join(run.path, 'summary.json'), json(whole));
  await writeWholeFile(join(run.path, RECIPE_FILE), json(recipe));
  return whole;
}

/** Sums up what all steps counted and cost, those of earlier processes that were kept too. */
function addUp(
  summary: PartialSummary,
  done: readonly Accounted<unknown>[],
  run: RunFolder,
  later: readonly string[] = [],
): void {
  summary.stages = done.flatMap(({ counts }) => counts);
  for (const counts of summary.stages) assertBalanced(counts);
  summary.seconds = [...run.current, ...later].reduce(
    (sum, name) => sum + (run.record(name)?.seconds ?? 0),
    0,
  );
  summary.peakMemoryBytes = Math.max(0, ...done.map(({ peakMemoryBytes }) => peakMemoryBytes));
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
