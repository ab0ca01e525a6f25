import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples(
  ['pipeline cache --recipe recipes/v2.yaml --source DUMP --out RUN', 'decodes the samples’ photos, once'],
  [
    'pipeline cache --recipe recipes/v2.yaml --source DUMP --out RUN --cache CACHES --sizes 128,224',
    'caches of two sizes, in a folder that other runs share',
  ],
);

export const cacheCommand = stepCommand(
  'cache',
  '… → a tensor cache of the samples’ photos',
  'cache',
  EXAMPLES,
);
