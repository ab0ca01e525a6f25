import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../errors.js';
import { writeWholeFile } from '../whole-file.js';
import type { Outcome } from './precision.js';
import type { LabelRules } from './stated.js';

const share = z.number().min(0).max(1);

const reliabilitySchema = z.object({
  schemaVersion: z.literal(1),
  task: z.string(),
  /** How listings state what is predicted: keys of the task's recipe. */
  labels: z.custom<LabelRules>((value) => typeof value === 'object' && value !== null),
  /** Of validation photos, which the model did not learn from: confidence, whether it was right, number of the component. */
  outcomes: z.array(z.tuple([share, z.union([z.literal(0), z.literal(1)]), z.int().min(0)])),
  /**
   * How like the likest photo that the model learned from such photos are, ascending: cosines of embeddings in the run's
   * gallery; absent where there is none.
   */
  similarities: z.array(z.number().min(-1).max(1)).exactOptional(),
});

/** How far a task's predictions can be relied on, as its model's folder keeps it. */
export type Reliability = z.output<typeof reliabilitySchema>;

/** The file's name within the model's folder: tasks that share a trunk have one each. */
export function reliabilityFile(task: string): string {
  return `reliability-${task}.json`;
}

export async function writeReliability(folder: string, reliability: Reliability): Promise<void> {
  await writeWholeFile(join(folder, reliabilityFile(reliability.task)), `${JSON.stringify(reliability)}\n`);
}

/**
 * @returns undefined where the model was not evaluated, or by an earlier version.
 * @throws {PipelineError} `MODEL_INVALID` where it is not of this version.
 */
export async function readReliability(folder: string, task: string): Promise<Reliability | undefined> {
  const file = join(folder, reliabilityFile(task));
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return reliabilitySchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PipelineError('MODEL_INVALID', `Expected what a model’s evaluation wrote in ${file}`, {
      hint: 'Remove it and run `pipeline evaluate` again, with the same options as before.',
      cause,
    });
  }
}

export function outcomesOf({ outcomes }: Reliability): Outcome[] {
  return outcomes.map(([confidence, right, component]) => ({
    confidence,
    right: right === 1,
    component: String(component),
  }));
}
