import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples([
  'pipeline report --recipe recipes/demo.yaml --source DUMP --out RUN',
  'writes RUN/report.html; what is done is not done again',
]);

export const reportCommand = stepCommand('report', '… → report.html', 'report', EXAMPLES);
