import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples(
  [
    'pipeline curate --recipe recipes/v2.yaml --source DUMP --out RUN',
    'photos and samples; needs no weights',
  ],
  [
    'pipeline curate --recipe recipes/v2.yaml --set source.photos=none --source DUMP --out RUN',
    'by the metadata alone, without a photo',
  ],
);

export const curateCommand = stepCommand(
  'curate',
  'Dump → photos and samples of each task',
  'curate',
  EXAMPLES,
);
