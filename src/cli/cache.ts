import { stepCommand } from './steps.js';

export const cacheCommand = stepCommand('cache', '… → a tensor cache of the samples’ photos', 'cache');
