import type { SampleRecord } from '../records.js';
import type { ImagesRoot } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { PartialSummary } from '../summary.js';
import {
  checkFiles,
  checkGroups,
  checkOutputs,
  checkRecords,
  checkStages,
  checkSummary,
  sumLedger,
} from './accounts.js';
import { checkCaches } from './cached.js';
import { type CheckResult, type Finding, type Findings, findings, LEAKS } from './findings.js';
import { findLeaks, type Tie } from './leaks.js';
import { lookAgain } from './look-again.js';
import {
  type RunFiles,
  readGroups,
  readLedger,
  readPhotos,
  readPredictions,
  readRun,
  readTask,
  type TaskFiles,
} from './run-files.js';

/** What is true of a run, by its files. */
export interface Verification {
  run: string;
  /** Whether nothing was found. */
  sound: boolean;
  splitBy: Record<string, PartialSummary['tasks'][string]['splitBy']>;
  tasks: string[];
  samples: number;
  leaks: number;
  checks: CheckResult[];
  findings: Finding[];
}

/**
 * Reads back what a run wrote and checks it, by nothing but the files: that nothing that belongs together is on two
 * sides, and that its accounts add up.
 * @param options.imagesRoot where the photos lie; undefined: they are not looked at.
 * @throws {PipelineError} `USAGE` where there is no run, `INPUT_INVALID` and others for files that cannot be read.
 */
export async function verifyRun(options: {
  run: string;
  imagesRoot: ImagesRoot | undefined;
  context: RunContext;
}): Promise<Verification> {
  const { imagesRoot, context } = options;
  const { signal } = context;
  const run = await readRun(options.run);
  const { summary } = run;
  const tasks: TaskFiles[] = [];
  for (const task of Object.keys(summary.tasks)) tasks.push(await readTask(run, task, signal));
  const photos = await readPhotos(run);
  const samples = tasks.flatMap((task) => task.samples);
  const kept = findings();

  checkOutputs(kept, run);
  for (const task of tasks) checkFiles(kept, task);
  const ties = await tiesOnDisk(kept, samples, imagesRoot, context);
  const groups = await readGroups(run, signal);
  findLeaks(kept, { tasks, photos, groups, ties });
  if (photos !== undefined) checkGroups(kept, { photos, groups });
  if (photos === undefined) kept.looked('item', 0, 'samples were given: their items are not known');
  const cached = await checkCaches(kept, run, tasks);
  const ledger = await sumLedger(readLedger(run, signal));
  checkStages(kept, { stages: summary.stages, ledger, tasks, photos: photos?.length });
  if (photos !== undefined) checkRecords(kept, { photos, tasks, ledger });
  checkSummary(kept, run, cached ?? new Map(tasks.map((task) => [task.task, task.samples])));
  for (const task of tasks) await checkPredictions(kept, run, task, signal);

  const { checks, findings: list } = kept.result();
  return {
    run: run.path,
    sound: list.length === 0,
    splitBy: Object.fromEntries(Object.entries(summary.tasks).map(([task, { splitBy }]) => [task, splitBy])),
    tasks: tasks.map(({ task }) => task),
    samples: samples.length,
    leaks: list.filter(({ check }) => LEAKS.has(check)).length,
    checks,
    findings: list,
  };
}

async function tiesOnDisk(
  kept: Findings,
  samples: readonly SampleRecord[],
  imagesRoot: ImagesRoot | undefined,
  context: RunContext,
): Promise<Tie[]> {
  if (imagesRoot !== undefined) return lookAgain(kept, samples, imagesRoot, context);
  kept.looked('changed', 0, 'the photos were not looked at');
  return [];
}

/** A photo that was trained on must not be scored. */
async function checkPredictions(
  kept: Findings,
  run: RunFiles,
  { task, samples }: TaskFiles,
  signal: AbortSignal,
): Promise<void> {
  const predictions = await readPredictions(run, task, signal);
  const told = run.summary.tasks[task];
  if (predictions === undefined || told === undefined || !('evaluatedOn' in told)) return;
  kept.looked('predictions', predictions.length);
  const placed = new Map(samples.map((sample) => [sample.path, sample]));
  for (const { path, imageId, label } of predictions) {
    const sample = placed.get(path);
    const found = (message: string) =>
      kept.found({ check: 'predictions', key: imageId, message: `${task}: ${message}` });
    if (sample === undefined) found(`${path} was scored and is no sample`);
    else if (sample.split !== told.evaluatedOn)
      found(`${path} was scored and is on the ${sample.split} side`);
    else if (sample.label !== label) found(`${path} was scored as ${label} and is ${sample.label}`);
  }
  const expected = told.splits[told.evaluatedOn];
  if (predictions.length === expected) return;
  const message = `${predictions.length} predictions for ${expected} samples of the ${told.evaluatedOn} side`;
  kept.found({ check: 'predictions', key: task, message });
}
