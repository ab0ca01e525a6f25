import { BOILERPLATE } from '../duplicates/boilerplate.js';

/** What an exploration takes unless it is told otherwise, as `pipeline explore` and in a run's report. */
export const EXPLORATION_DEFAULTS = {
  /** How many values, pairs and photos each list has. */
  most: 20,
  /** Classes with fewer photos are suggested to be dropped. */
  minPerClass: 20,
  boilerplate: BOILERPLATE,
} as const;
