import type { DrawKey, RandomSource } from '../random.js';

/** Named draws of one thing: each a function of (seed, key, name), so that their order never matters. */
export interface Draws {
  /** A uniform number in [low, high). */
  range(name: string, low: number, high: number): number;
  /** A uniform integer in low..high, both included. */
  integer(name: string, low: number, high: number): number;
  /** True with this probability. */
  chance(name: string, probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(name: string, list: readonly T[]): T;
  /** One of a list that is not empty, with probabilities proportional to the weights. */
  weighted<T>(name: string, entries: readonly (readonly [value: T, weight: number])[]): T;
  /** The draws of a part of this thing, independent of the thing's own. */
  part(...key: DrawKey[]): Draws;
}

/** The draws of the thing that `key` names. */
export function drawsFor(random: RandomSource, ...key: DrawKey[]): Draws {
  const uniform = (name: string) => random.uniform(...key, name);
  const integer = (name: string, low: number, high: number) =>
    low + Math.floor(uniform(name) * (high - low + 1));
  return {
    range: (name, low, high) => low + uniform(name) * (high - low),
    integer,
    chance: (name, probability) => uniform(name) < probability,
    pick: (name, list) => list[integer(name, 0, list.length - 1)]!,
    weighted(name, entries) {
      let left = uniform(name) * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of entries) {
        left -= weight;
        if (left < 0) return value;
      }
      return entries.at(-1)![0];
    },
    part: (...part) => drawsFor(random, ...key, ...part),
  };
}
