import { stepCommand } from './steps.js';

export const evaluateCommand = stepCommand(
  'evaluate',
  '… → predictions and metrics on the test side',
  'evaluate',
);
