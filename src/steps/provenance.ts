import { resolve } from 'node:path';
import { DEPENDENCIES, VERSION } from '../package.js';
import type { Recipe } from '../recipe.js';
import { RECIPE_FILE } from '../run.js';
import { shellCommand } from '../shell-word.js';
import type { Provenance } from '../sinks/report/data.js';
import type { Source } from '../sources/source.js';
import { samplesFiles } from './samples.js';

/** What computes, reads and stores: their versions decide what comes out. */
const TOLD = ['@tensorflow/tfjs', '@julusian/jpeg-turbo', 'sharp', 'lmdb'];

/**
 * What made a run, and the command that makes it again from what lies in its folder, the source and the weights. Sources and
 * weights are named by where they are; what comes from a stream is fed in again.
 */
export function provenanceOf(run: {
  recipe: Recipe;
  source: Source;
  given: ReadonlyMap<string, string>;
  previous?: string;
  weights: ReadonlyMap<string, string | undefined>;
  backend: string;
}): Provenance {
  const { recipe, source, given, previous, weights, backend } = run;
  const streamed = source.name === '-';
  const options = [
    ['--recipe', RECIPE_FILE],
    ['--source', streamed ? '-' : resolve(source.name)],
    ...(streamed ? [['--images', source.root]] : []),
    ...[...given.keys()].map((task) => ['--samples', `${task}=${samplesFiles(task).jsonl}`]),
    ...(previous === undefined ? [] : [['--previous', resolve(previous)]]),
    ...[...weights].map(([network, folder]) => [
      '--weights',
      `${network}=${folder === undefined ? 'none' : resolve(folder)}`,
    ]),
    ['--backend', backend],
    ['--out', '../again'],
  ];
  return {
    recipe,
    versions: [
      ['abo-pipeline', VERSION],
      ['Node', process.version],
      ...TOLD.map((name) => [name, DEPENDENCIES[name]!] as const),
    ],
    command: shellCommand('pipeline run', options),
  };
}
