import { examples } from './examples.js';
import { stepCommand } from './steps.js';

const EXAMPLES = examples(
  [
    'pipeline run --recipe recipes/demo.yaml --source DUMP --out RUN',
    'from a dump to RUN/report.html; the same command again goes on',
  ],
  [
    'pipeline run --recipe recipes/mobilenet.yaml --set model.phases.0.learningRate=0.01 --source DUMP --out RUN',
    'with one value of the recipe changed',
  ],
  [
    'pipeline run --recipe recipes/demo.yaml --source DUMP --out NEW --previous RUN',
    'a dump that grew: old photos keep their sides',
  ],
);

export const runCommand = stepCommand('run', 'Dump → report: every step, each done once', 'report', EXAMPLES);
