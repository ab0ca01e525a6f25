import { stepCommand } from './steps.js';

export const trainCommand = stepCommand('train', '… → a trained model for each task', 'train');
