import { Option } from 'commander';
import { parseShare } from './arguments.js';

/** Of predictions: from which confidence on they are given. */
export const precisionOption = (): Option =>
  new Option('--precision <share>', 'share of given values that should be right; 0: all are given')
    .argParser(parseShare('--precision'))
    .default(0.95);

/** Of photos: which are like none that a model learned from. */
export const rejectOption = (): Option =>
  new Option(
    '--reject <share>',
    'share of photos like those of the training that may be called unknown; 0: none is',
  )
    .argParser(parseShare('--reject'))
    .default(0.05);
