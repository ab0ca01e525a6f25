import { stepCommand } from './steps.js';

export const reportCommand = stepCommand('report', '… → report.html', 'report');
