import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { samplingDifferences } from '../compare/sampling.js';
import { PipelineError } from '../errors.js';
import { type UpperLevel, upperLevels } from '../models/levels.js';
import type { Recipe, TaskRecipe } from '../recipe.js';
import { onlyTasks } from '../recipe-file.js';
import type { Sample, SampleRecord } from '../records.js';
import { RECIPE_FILE } from '../run.js';
import { readJsonLinesFile } from '../sinks/jsonl.js';
import { withTree } from '../steps/given.js';
import { samplesFiles } from '../steps/samples.js';
import type { PartialSummary } from '../summary.js';
import type { Counts, TaskCounts } from './counts.js';

/**
 * What a run found when it curated.
 * @throws {PipelineError} `NOT_FOUND`; `USAGE` for a task of the recipe that it does not have.
 */
export async function countsOfRun(recipe: Recipe, run: string): Promise<Counts> {
  const tasks = Object.keys(recipe.tasks);
  const file = join(run, 'summary.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('NOT_FOUND', `Expected a run’s summary in ${file}`, {
      hint: '`pipeline curate` makes one.',
      cause,
    });
  });
  const summary = JSON.parse(text) as PartialSummary;
  const counts = new Map<string, TaskCounts>();
  for (const task of tasks) {
    const found = summary.tasks[task];
    if (found === undefined) {
      throw new PipelineError('USAGE', `Expected the task ${task} in the run but found others`, {
        key: run,
        hint: `It has ${Object.keys(summary.tasks).join(', ')}.`,
      });
    }
    const { classes, samples, splits } = found;
    const photos = await samplesOf(run, task);
    const levels = levelsOf(photos, recipe.tasks[task]!);
    counts.set(task, { classes, samples, splits, levels, photos, basis: 'run' });
  }
  const stage = (name: string) => summary.stages.find((one) => one.name === name)?.in ?? 0;
  return {
    photos: stage('deduplicate') || Math.max(...[...counts.values()].map(({ samples }) => samples)),
    listings: stage('parse'),
    tasks: counts,
    warnings: await warningsOf(recipe, run, summary),
  };
}

/** So many differences are named. */
const NAMED = 5;

/** Says where a run's photos are not those that the recipe would find: its labels or sides are made otherwise. */
async function warningsOf(recipe: Recipe, run: string, summary: PartialSummary): Promise<string[]> {
  const own = await readFile(join(run, RECIPE_FILE), 'utf8').catch(() => undefined);
  if (own === undefined) {
    return [
      `${run} has no ${RECIPE_FILE}: whether its photos are those that this recipe finds is not known.`,
    ];
  }
  // Samples that were given are what they are, whatever a recipe says of labels.
  const curated = Object.keys(recipe.tasks).filter((task) => summary.tasks[task]!.splitBy !== 'given');
  if (curated.length === 0) return [];
  const [first, second] = [JSON.parse(own) as Recipe, recipe].map((one) => onlyTasks(one, curated));
  const differences = samplingDifferences(first!, second!);
  if (differences.length === 0) return [];
  const shown = (value: unknown) => (value === undefined ? '(none)' : JSON.stringify(value));
  const named = differences
    .slice(0, NAMED)
    .map((one) => `${one.path} ${shown(one.first)} → ${shown(one.second)}`);
  const rest = differences.length - named.length;
  return [
    `The photos are those of ${run}, which was curated otherwise: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`,
  ];
}

async function samplesOf(run: string, task: string): Promise<Sample[]> {
  const file = join(run, samplesFiles(task).jsonl);
  const samples: Sample[] = [];
  try {
    for await (const record of readJsonLinesFile<SampleRecord>(file)) {
      samples.push({ ...record, file: record.path });
    }
  } catch (cause) {
    throw new PipelineError('NOT_FOUND', `Expected a run’s samples in ${file}`, {
      hint: 'Run the same command again: it makes them anew.',
      cause,
    });
  }
  return samples;
}

/** Of a run whose recipe had no tree, by the tree of this one where it knows all labels. */
function levelsOf(samples: readonly Sample[], task: TaskRecipe): UpperLevel[] {
  const placed = withTree(samples, task);
  return upperLevels(placed, [...new Set(placed.map(({ label }) => label))].sort());
}
