import { stat } from 'node:fs/promises';
import { PipelineError } from '../errors.js';
import { aboSource } from '../sources/abo.js';
import type { Source } from '../sources/source.js';
import type { RunFiles } from './run-files.js';

/**
 * The dump that a run was made from, where it still lies there.
 * @param options.dir where it lies now, if elsewhere.
 * @param options.without the option that does without it.
 * @throws {PipelineError} `DUMP_MISSING`, and as `aboSource`.
 */
export async function dumpOfRun(
  { summary }: RunFiles,
  { dir, without, signal }: { dir: string | undefined; without: string; signal: AbortSignal },
): Promise<Source> {
  const root = dir ?? summary.source;
  if (dir === undefined && !(await stat(root).catch(() => undefined))?.isDirectory()) {
    throw new PipelineError(
      'DUMP_MISSING',
      `Expected the run's dump at ${root} but there is no such folder`,
      {
        hint: `Say where it lies now with --source DIR, or leave it out with ${without}.`,
      },
    );
  }
  return aboSource({ dir: root, signal });
}
