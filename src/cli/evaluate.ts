import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples([
  'pipeline evaluate --recipe recipes/demo.yaml --source DUMP --out RUN --json',
  'figures of the test side, for a program',
]);

export const evaluateCommand = stepCommand(
  'evaluate',
  '… → predictions and metrics on the test side',
  'evaluate',
  EXAMPLES,
);
