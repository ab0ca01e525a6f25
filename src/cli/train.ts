import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples(
  [
    'pipeline train --check --recipe recipes/v2.yaml --source DUMP --out RUN',
    'looks in a minute for what would waste hours',
  ],
  [
    'pipeline train --recipe recipes/v2.yaml --source DUMP --out RUN --backend tensorflow',
    'trains with TensorFlow’s own library',
  ],
);

export const trainCommand = stepCommand('train', '… → a trained model for each task', 'train', EXAMPLES);
