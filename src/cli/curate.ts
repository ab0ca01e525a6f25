import { stepCommand } from './steps.js';

export const curateCommand = stepCommand('curate', 'Dump → photos and samples of each task', 'curate');
