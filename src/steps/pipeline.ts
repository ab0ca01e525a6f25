import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BackendChoice } from '../models/backends/backend.js';
import { type TrainerThread, trainerThread } from '../models/trainer/thread.js';
import { hashOf, modelOf, type Recipe } from '../recipe.js';
import { openRunFolder, type RunFolder } from '../run.js';
import type { LedgerSummary } from '../sinks/ledger.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import { fileDigest } from '../sources/samples.js';
import type { Source } from '../sources/source.js';
import { assertBalanced, type RunContext } from '../stage.js';
import type { PartialSummary, Summary } from '../summary.js';
import { isSyntheticDump } from '../synth/truth.js';
import { type Accounted, accountedStep } from './accounted.js';
import { buildCache, type CachedTask, cacheName, recipePixels, type TaskSamples } from './cache.js';
import { type CurateResult, curate, curateDependencies, curateOutputs } from './curate.js';
import { evaluateStep } from './evaluate.js';
import { featureSteps, readWeights } from './features.js';
import { takeGivenSamples } from './given.js';
import { type ReportedTask, reportStep } from './report.js';
import { type CuratedTask, readTaskSamples, samplesFiles, withHashes } from './samples.js';
import { preparedTask, taskSummary } from './task-summary.js';
import { trainStep } from './train.js';

/** How far to go. */
export const UNTIL = ['curate', 'cache', 'train', 'evaluate', 'report'] as const;
export type Until = (typeof UNTIL)[number];

export interface PipelineOptions {
  recipe: Recipe;
  source: Source;
  /** Files of samples by task, taken instead of curating. */
  given: ReadonlyMap<string, string>;
  /** Folders of pretrained weights by network; undefined: from scratch. */
  weights: ReadonlyMap<string, string | undefined>;
  /** The run folder. */
  out: string;
  /** Where caches lie, to be shared between runs; default: in the run folder. */
  cacheRoot?: string;
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
  const ended = onOpen?.(run.path);
  const trainer = trainerThread(options.backend);
  try {
    return await steps(run, options, trainer);
  } finally {
    await trainer.close();
    ended?.();
    run.close();
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
    synthetic: await isSyntheticDump(resolve(source.imagesRoot, '../..')),
    seconds: 0,
    peakMemoryBytes: 0,
    stages: [],
    caches: [],
    tasks: {},
  };

  const { curated, profile, given, accounts } = await sampleSteps(run, options);
  done.push(...accounts);
  const tasks: TaskSamples[] = [];
  for (const [task, { digest }] of curated) {
    const samples = await readTaskSamples(run.path, task, source.imagesRoot);
    tasks.push({ task, digest, samples: await withHashes(samples, context.signal) });
  }
  for (const { task, samples } of tasks) summary.tasks[task] = preparedTask(samples, recipe, given.has(task));

  if (reached('cache')) {
    const identity = recipePixels(recipe);
    const name = cacheName(identity);
    const pixels = { path: join(root, name), identity };
    const cached = await accountedStep(run, context, {
      name: 'cache',
      dependsOn: { identity, tasks: tasks.map(({ task, digest }) => [task, digest]) },
      outputs: [root === run.path ? name : pixels.path],
      work: (own) => buildCache({ path: pixels.path, identity, tasks, context: own }),
    });
    done.push(cached);
    summary.caches.push({ path: root === run.path ? name : pixels.path, ...cached.result });
    const usable = await cachedTasks(pixels, tasks, curated, given);
    for (const { task, samples } of usable)
      summary.tasks[task] = preparedTask(samples, recipe, given.has(task));

    if (reached('train')) {
      const weights = await readWeights(recipe, options.weights);
      const { features, steps } = await featureSteps({
        run,
        context,
        recipe,
        tasks: usable,
        weights,
        pixels,
        root,
        backend: options.backend,
      });
      done.push(...steps);
      const reported: ReportedTask[] = [];
      for (const task of usable) {
        const { network } = modelOf(recipe, task.task);
        const own = { features: features.get(network), weights: weights.get(network) };
        const inputs = {
          task,
          pixels,
          ...(own.features && { features: own.features }),
          ...(own.weights && { weights: own.weights }),
        };
        const trained = await trainStep({ run, context, recipe, inputs, trainer });
        done.push(trained);
        summary.backend = trained.result.backend;
        if (!reached('evaluate')) continue;
        const evaluated = await evaluateStep({ run, context, recipe, inputs, trainer });
        done.push(evaluated);
        const { train } = trained.result;
        summary.tasks[task.task] = taskSummary(summary.tasks[task.task]!, train, evaluated.result);
        reported.push({ cached: task, train, evaluation: evaluated.result });
      }
      addUp(summary, done, run);
      if (reached('report')) {
        const ledger: LedgerSummary[] = done.flatMap((step) => step.ledger);
        const { imagesRoot, kind: sourceKind } = source;
        done.push(
          await reportStep({
            run,
            context,
            summary: summary as Summary,
            sourceKind,
            imagesRoot,
            ledger,
            tasks: reported,
            ...(profile && { profile }),
          }),
        );
      }
    }
  }
  addUp(summary, done, run);
  await run.joinLedgers();
  await writeSummary(run.path, summary);
  return summary;
}

/** The steps that give each task its samples: curation, or files of samples. */
async function sampleSteps(run: RunFolder, { recipe, source, given, context }: PipelineOptions) {
  const all = Object.keys(recipe.tasks);
  const tasks = all.filter((task) => !given.has(task));
  const accounts: Accounted<unknown>[] = [];
  const curated = new Map<string, CuratedTask>();
  let curation: CurateResult | undefined;
  if (tasks.length > 0) {
    // A stream can be read once: what came through it last time says nothing about now.
    const identity = (await source.identity()) ?? randomUUID();
    const step = await accountedStep(run, context, {
      name: 'curate',
      dependsOn: curateDependencies(recipe, tasks, identity),
      outputs: curateOutputs(tasks),
      work: (own) => curate({ recipe, tasks, source, run: run.path, context: own }),
    });
    accounts.push(step);
    curation = step.result;
  }
  for (const task of all) {
    const file = given.get(task);
    if (file === undefined) {
      curated.set(task, curation!.tasks[task]!);
      continue;
    }
    const { seed, split } = recipe;
    const step = await accountedStep(run, context, {
      name: `samples-${task}`,
      dependsOn: { version: 1, seed, split, file: await fileDigest(file), photos: source.name },
      outputs: Object.values(samplesFiles(task)),
      work: (own) =>
        takeGivenSamples({ task, file, imagesRoot: source.imagesRoot, recipe, run: run.path, context: own }),
    });
    accounts.push(step);
    curated.set(task, step.result);
  }
  return { curated, profile: curation?.profile, given, accounts };
}

/** The samples whose photos could be decoded. */
async function cachedTasks(
  pixels: { path: string; identity: ReturnType<typeof recipePixels> },
  tasks: readonly TaskSamples[],
  curated: ReadonlyMap<string, CuratedTask>,
  given: ReadonlyMap<string, string>,
): Promise<CachedTask[]> {
  const cache = openCache(pixels.path, { identity: pixels.identity });
  try {
    return tasks.map(({ task, digest, samples }) => ({
      task,
      digest,
      samples: samples.filter(({ sha256 }) => sha256 !== '' && cache.keyOf(sha256) !== undefined),
      natural: curated.get(task)!.natural,
      given: given.has(task),
    }));
  } finally {
    await cache.close();
  }
}

/** Sums up what all steps counted and cost, those of earlier processes that were kept too. */
function addUp(summary: PartialSummary, done: readonly Accounted<unknown>[], run: RunFolder): void {
  summary.stages = done.flatMap(({ counts }) => counts);
  for (const counts of summary.stages) assertBalanced(counts);
  summary.seconds = run.current.reduce((sum, name) => sum + (run.record(name)?.seconds ?? 0), 0);
  summary.peakMemoryBytes = Math.max(0, ...done.map(({ peakMemoryBytes }) => peakMemoryBytes));
}

async function writeSummary(run: string, summary: PartialSummary): Promise<void> {
  const file = join(run, 'summary.json');
  await writeFile(`${file}.unfinished`, `${JSON.stringify(summary, null, 2)}\n`);
  await rename(`${file}.unfinished`, file);
}
