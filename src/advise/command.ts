import { basename, join, resolve } from 'node:path';
import type { RunFiles } from '../audit/run-files.js';
import { weightsFolder } from '../models/weights/published.js';
import { shellCommand } from '../shell-word.js';

/**
 * The command that makes a run once more with a recipe that lays advice over its own, beside it: from its source and its
 * weights, every photo on the side that it had. For a shell in the folder that this process is in.
 */
export function advisedCommand({ path, summary }: RunFiles, recipe: string): string {
  const { source, images, weights = {}, weightsFrom = {} } = summary;
  return shellCommand('pipeline run', [
    ['--recipe', recipe],
    // Nobody knows what came by stdin, and where its photos lay.
    ['--source', source === '-' ? 'DUMP' : source],
    ...(images === undefined ? [] : [['--images', images]]),
    ['--previous', path],
    ...Object.entries(weights).flatMap(([network, digest]) => {
      if (network === 'small-cnn') return [];
      const from = digest === null ? 'none' : weightsFrom[network];
      // Those that were fetched are found by themselves.
      return from === undefined || from.startsWith(weightsFolder())
        ? []
        : [['--weights', `${network}=${from}`]];
    }),
    ['--out', join(path, '..', `${basename(resolve(path))}-advised`)],
  ]);
}
