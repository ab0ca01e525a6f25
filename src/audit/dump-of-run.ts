import { stat } from 'node:fs/promises';
import { PipelineError } from '../errors.js';
import { openSource } from '../sources/open.js';
import type { Source } from '../sources/source.js';
import { type RunFiles, readRunRecipe } from './run-files.js';

/**
 * The dump that a run was made from, where it still lies there.
 * @param options.dir where it lies now, if elsewhere.
 * @param options.without the option that does without it.
 * @throws {PipelineError} `DUMP_MISSING`, `INPUT_INVALID` for a run without its recipe, and as `openSource`.
 */
export async function dumpOfRun(
  run: RunFiles,
  { dir, without, signal }: { dir: string | undefined; without: string; signal: AbortSignal },
): Promise<Source> {
  const { source, images } = run.summary;
  const root = dir ?? source;
  if (dir === undefined && !(await stat(root).catch(() => undefined))) {
    throw new PipelineError('DUMP_MISSING', `Expected the run's dump at ${root} but there is nothing`, {
      hint: `Say where it lies now with --source DIR, or leave it out with ${without}.`,
    });
  }
  const recipe = await readRunRecipe(run);
  return openSource(recipe.source, { path: root, ...(images !== undefined && { images }), signal });
}
