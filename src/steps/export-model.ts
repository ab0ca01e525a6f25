import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PipelineError, throwIfAborted } from '../errors.js';
import { type CardRun, modelCard } from '../models/export/card.js';
import { MODEL_FORMATS, type ModelFormat } from '../models/export/formats.js';
import { modelWriters } from '../models/export/index.js';
import { readPortableModel } from '../models/export/portable.js';
import { METADATA } from '../models/model-folder.js';
import { modelsNamed } from '../models/model-folders.js';
import type { Recipe } from '../recipe.js';
import { RECIPE_FILE } from '../run.js';
import { writeWholeFolder } from '../sinks/whole-folder.js';
import type { PartialSummary } from '../summary.js';

export interface ModelExportRequest {
  /** A model's folder, RUN/model, or a run's. */
  model: string;
  format: ModelFormat;
  /** The folder to write; made. */
  out: string;
  /** Whose classes, where a run has several models or tasks share a trunk. */
  task?: string;
  signal: AbortSignal;
}

export interface ModelExportSummary {
  out: string;
  format: ModelFormat;
  task: string;
  network: string;
  classes: number;
  /** Whether the card has figures: of a model in a run that was evaluated. */
  evaluated: boolean;
}

/**
 * Writes a trained model in another format, with `metadata.json` (classes in the order of the output, input,
 * preprocessing, temperature) and a model card, `README.md`. What was begun and not finished is removed.
 * @throws {PipelineError} `USAGE` for a task that is not there or not the only one, a place that is taken; `NOT_FOUND`,
 * `MODEL_INVALID`; `LAYER_UNSUPPORTED` for a layer that no format can say; `ABORTED`.
 */
export async function exportModel(request: ModelExportRequest): Promise<ModelExportSummary> {
  const { format, out, signal } = request;
  if (!MODEL_FORMATS.includes(format)) {
    throw new PipelineError('USAGE', `Expected one of ${MODEL_FORMATS.join(', ')} but received ${format}`);
  }
  const { from, task: wanted } = await chosenModel(request);
  const model = await readPortableModel(from, wanted);
  const { metadata } = model;
  const run = await runOf(from, metadata.task);
  await writeWholeFolder(out, async (folder) => {
    throwIfAborted(signal);
    await modelWriters[format]({ model, from, out: folder });
    await writeFile(join(folder, METADATA), `${JSON.stringify(metadata, null, 2)}\n`);
    await writeFile(join(folder, 'README.md'), modelCard(metadata, format, run));
    throwIfAborted(signal);
  });
  const { task, network, classes } = metadata;
  return { out, format, task, network, classes: classes.length, evaluated: run !== undefined };
}

async function chosenModel({ model, task }: ModelExportRequest): Promise<{ from: string; task: string }> {
  const found = await modelsNamed(model);
  const all = found.flatMap(({ folder, tasks }) => tasks.map((name) => ({ from: folder, task: name })));
  const chosen = task === undefined ? all : all.filter((one) => one.task === task);
  if (chosen.length === 1) return chosen[0]!;
  throw new PipelineError(
    'USAGE',
    `Expected one model${task === undefined ? '' : ` of ${task}`} in ${model} but found ${chosen.length === 0 ? 'none' : chosen.length}`,
    { hint: hintOf(all, task === undefined ? [] : chosen) },
  );
}

/** @param several of one task: what an earlier recipe left beside what the last one made. */
function hintOf(
  all: readonly { from: string; task: string }[],
  several: readonly { from: string }[],
): string {
  if (several.length > 1) {
    const folders = several.map(({ from }) => from).join(' or ');
    return `Name its folder: ${folders}. \`pipeline clean\` removes those that no step uses any more.`;
  }
  if (all.length === 0) return 'Name RUN, RUN/model or RUN/model/TASK, which `pipeline train` writes.';
  return `Choose: ${[...new Set(all.map(({ task }) => `--task ${task}`))].join(', ')}`;
}

/** What the run that a model lies in says of it, once it was evaluated. */
async function runOf(model: string, name: string): Promise<CardRun | undefined> {
  const run = dirname(dirname(resolve(model)));
  const summary = await readOf<PartialSummary>(run, 'summary.json');
  const task = summary?.tasks[name];
  if (summary === undefined || task === undefined || !('accuracy' in task)) return undefined;
  // A run of an older version has no recipe in it.
  const own = await readOf<Recipe>(run, RECIPE_FILE);
  const { recipe, synthetic } = summary;
  return { recipe, synthetic, kind: own?.source.kind, task };
}

/** One of a run's files; undefined where it is not there. @throws {PipelineError} `INPUT_INVALID` where it is damaged. */
async function readOf<File>(run: string, name: string): Promise<File | undefined> {
  const file = join(run, name);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8')) as File;
  } catch (cause) {
    throw new PipelineError('INPUT_INVALID', `Expected JSON in the run’s ${file}`, {
      hint: '`pipeline report` writes it anew.',
      cause,
    });
  }
}
