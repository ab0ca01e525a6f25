import { join, relative, resolve } from 'node:path';
import { readRun, readRunRecipe } from '../audit/run-files.js';
import { outputFolder } from '../folder.js';
import { onlyTasks } from '../recipe-file.js';
import { RECIPE_FILE } from '../run.js';
import type { RunContext } from '../stage.js';
import { writeWholeFile } from '../whole-file.js';
import { advisedCommand } from './command.js';
import { recipePatch } from './patch.js';
import { readTrainSide } from './read.js';
import { type AdviseStep, adviseTask, type TaskAdvice } from './task.js';

/** What is advised about a run's labels. */
export interface RunAdvice {
  run: string;
  /** The recipe that lays the advice over the run's. */
  patch: string;
  /** What makes the run again with that recipe, in a shell where the advice was asked for. */
  command: string;
  tasks: Record<string, TaskAdvice>;
}

/**
 * Advises on the labels of a finished run by its train side, and writes OUT/recipe.yaml, which `run` takes, and
 * OUT/advice.json.
 * @param options.tasks default: all
 * @param options.out a folder; made
 * @param options.look photos to look at first, a task
 * @throws {PipelineError} `USAGE` for no run, no task of it or an `out` that cannot be written, `NOT_FOUND` where it has no features, `TOO_FEW_SAMPLES`,
 * `ABORTED`.
 */
export async function adviseRun(options: {
  run: string;
  tasks?: readonly string[];
  out: string;
  look: number;
  context: RunContext;
}): Promise<RunAdvice> {
  const { out, look, context } = options;
  const { signal, events } = context;
  const run = await readRun(options.run);
  const whole = await readRunRecipe(run);
  const recipe = options.tasks === undefined ? whole : onlyTasks(whole, options.tasks);
  const advised = new Map<string, { recipe: (typeof recipe.tasks)[string]; advice: TaskAdvice }>();
  for (const [task, own] of Object.entries(recipe.tasks)) {
    const side = await readTrainSide(run, { recipe, task, signal });
    // Only here: a run without features gets no folder.
    outputFolder(out);
    const onRows = (step: AdviseStep, done: number, total: number) =>
      events.emit({ type: 'progress', stage: `${step} ${task}`, done, total, unit: 'rows' });
    const advice = await adviseTask(side, { seed: recipe.seed, look, signal, onRows });
    advised.set(task, { recipe: own, advice });
  }
  const patch = join(out, 'recipe.yaml');
  const found: RunAdvice = {
    run: run.path,
    patch,
    command: advisedCommand(run, patch),
    tasks: Object.fromEntries([...advised].map(([task, { advice }]) => [task, advice])),
  };
  const parent = relative(resolve(out), resolve(run.path, RECIPE_FILE));
  await writeWholeFile(
    patch,
    recipePatch(advised, { name: recipe.name, parent, command: found.command, cwd: process.cwd() }),
  );
  await writeWholeFile(join(out, 'advice.json'), `${JSON.stringify(found.tasks, null, 2)}\n`);
  return found;
}
