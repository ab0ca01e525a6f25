import { stepCommand } from './steps.js';

export const runCommand = stepCommand('run', 'Dump → report: every step, each done once', 'report');
