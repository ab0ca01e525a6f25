import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { PipelineError } from '../errors.js';
import type { LedgerEntry } from '../ledger.js';
import type { Recipe } from '../recipe.js';
import type { SampleRecord, Side } from '../records.js';
import { type Manifest, RECIPE_FILE, readManifest } from '../run.js';
import { sampleRows, samplesDigest } from '../sources/samples.js';
import type { PartialSummary } from '../summary.js';

/** A row of RUN/photos.parquet: what says who a photo is and where it belongs. */
export interface PhotoRow {
  imageId: string;
  path: string;
  sha256: string;
  component: string;
  /** All image ids of this picture. */
  images: string[];
  /** All item ids that show it. */
  items: string[];
  /** Its side, in every task that it is a sample of; none where it is in none. What `--previous` goes by. */
  split?: Side | null;
}

/** A line of RUN/duplicates.jsonl. */
export interface GroupLine {
  relation: 'same' | 'family';
  representative: string;
  images: string[];
  pairs: { a: string; b: string; ground: string; distance?: number }[];
}

/** A line of RUN/predictions-<task>.jsonl. */
export interface PredictionLine {
  imageId: string;
  path: string;
  label: string;
  predicted: string;
  probability: number;
  top: { label: string; probability: number }[];
}

/** A task's samples, as both files have them. */
export interface TaskFiles {
  task: string;
  /** Whether its samples came from a file instead of from curation. */
  given: boolean;
  samples: SampleRecord[];
  parquet: SampleRecord[];
  /** `samplesDigest` of the JSON lines as they lie there. */
  digest: string;
  /** The same as the step that wrote them remembers it. */
  recorded: { samples: number; sides: Record<Side, number>; digest: string };
}

/** What a run folder says of itself. */
export interface RunFiles {
  path: string;
  manifest: Manifest;
  summary: PartialSummary;
}

const PHOTO_COLUMNS = ['imageId', 'path', 'sha256', 'component', 'images', 'items', 'split'] as const;

/**
 * Opens what a finished run wrote.
 * @throws {PipelineError} `USAGE` where there is no run, `INPUT_INVALID` for a manifest or summary that is none.
 */
export async function readRun(path: string): Promise<RunFiles> {
  const manifest = await readManifest(path);
  if (Object.keys(manifest.steps).length === 0) {
    throw new PipelineError('USAGE', `Expected a run folder but ${path} has no manifest`, {
      hint: 'It is what a run was given as --out: the folder with manifest.json and report.html.',
    });
  }
  const file = join(path, 'summary.json');
  try {
    return { path, manifest, summary: JSON.parse(await readFile(file, 'utf8')) as PartialSummary };
  } catch (cause) {
    throw new PipelineError('INPUT_INVALID', `Expected a summary at ${file}`, {
      hint: 'A run writes it at its end: let it finish.',
      cause,
    });
  }
}

/** The whole recipe of a run. @throws {PipelineError} `INPUT_INVALID` where it has none */
export async function readRunRecipe({ path }: Pick<RunFiles, 'path'>): Promise<Recipe> {
  const file = join(path, RECIPE_FILE);
  if (!existsSync(file)) {
    throw new PipelineError('INPUT_INVALID', `Expected the recipe of the run at ${file}`, {
      hint: 'A run of an older version has none: run the same command again, finished steps are kept.',
    });
  }
  return JSON.parse(await readFile(file, 'utf8')) as Recipe;
}

/** A task's samples by their JSON lines alone. @throws {PipelineError} `INPUT_INVALID`, `NOT_FOUND` */
export function readTaskSamples(
  { path }: RunFiles,
  task: string,
  signal: AbortSignal,
): Promise<SampleRecord[]> {
  return records<SampleRecord>(join(path, `samples-${task}.jsonl`), signal);
}

/** Reads a task's samples as they lie there. @throws {PipelineError} `SAMPLES_INVALID`, `NOT_FOUND` */
export async function readTask(run: RunFiles, task: string, signal: AbortSignal): Promise<TaskFiles> {
  const own = run.manifest.steps[`samples-${task}`];
  const curated = run.manifest.steps['curate'];
  const curatedTask = (curated?.result as Curated | undefined)?.result.tasks[task];
  // Whichever step wrote the task last: the manifest forgets the other.
  const recorded = (own?.result as Accounted<TaskFiles['recorded']> | undefined)?.result ?? curatedTask;
  if (recorded === undefined) {
    throw new PipelineError('NOT_FOUND', `Expected a step of the run that wrote the samples of ${task}`);
  }
  return {
    task,
    given: own !== undefined,
    samples: await readTaskSamples(run, task, signal),
    parquet: await records<SampleRecord>(join(run.path, `samples-${task}.parquet`), signal),
    digest: await samplesDigest(join(run.path, `samples-${task}.jsonl`), signal),
    recorded,
  };
}

interface Accounted<Result> {
  result: Result;
}
type Curated = Accounted<{ tasks: Record<string, TaskFiles['recorded']> }>;

/** The photos that curation wrote; undefined where all samples were given. @throws {PipelineError} `INPUT_INVALID` */
export async function readPhotos({ path, manifest }: RunFiles): Promise<PhotoRow[] | undefined> {
  if (manifest.steps['curate'] === undefined) return undefined;
  const name = join(path, 'photos.parquet');
  try {
    const file = await asyncBufferFromFile(name);
    return (await parquetReadObjects({ file, columns: [...PHOTO_COLUMNS] })) as unknown as PhotoRow[];
  } catch (cause) {
    throw new PipelineError('INPUT_INVALID', 'Expected the photos that curation wrote', {
      key: name,
      hint: 'Run the same command again: it makes them anew.',
      cause,
    });
  }
}

/** One photo's whole row, attributes and all. */
export async function readPhotoRow(run: RunFiles, row: number): Promise<Record<string, unknown>> {
  const file = await asyncBufferFromFile(join(run.path, 'photos.parquet'));
  const [found] = await parquetReadObjects({ file, rowStart: row, rowEnd: row + 1 });
  return found!;
}

/** The groups of same pictures and of families; none where all samples were given. */
export async function readGroups({ path, manifest }: RunFiles, signal: AbortSignal): Promise<GroupLine[]> {
  if (manifest.steps['curate'] === undefined) return [];
  return records<GroupLine>(join(path, 'duplicates.jsonl'), signal);
}

/** The predictions of a task; undefined where it was not evaluated. */
export async function readPredictions(
  { path, summary }: RunFiles,
  task: string,
  signal: AbortSignal,
): Promise<PredictionLine[] | undefined> {
  const told = summary.tasks[task];
  if (told === undefined || !('accuracy' in told)) return undefined;
  return records<PredictionLine>(join(path, `predictions-${task}.jsonl`), signal);
}

/** The ledger's lines; none where there is no ledger. */
export async function* readLedger({ path }: RunFiles, signal: AbortSignal): AsyncGenerator<LedgerEntry> {
  const file = join(path, 'ledger.jsonl.gz');
  if (!existsSync(file)) return;
  for await (const { text } of sampleRows(file, signal)) yield JSON.parse(text) as LedgerEntry;
}

async function records<T>(file: string, signal: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  for await (const { text, line, fault } of sampleRows(file, signal)) {
    try {
      if (fault !== undefined) throw new Error(fault.detail);
      all.push(JSON.parse(text) as T);
    } catch (cause) {
      throw new PipelineError('INPUT_INVALID', `Expected JSON in ${file}`, {
        key: `line ${line ?? all.length + 1}`,
        cause,
      });
    }
  }
  return all;
}
