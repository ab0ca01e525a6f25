import type { RandomSource } from '../random.js';

/**
 * Named draws about one thing (a product, a shot): each is a function of the seed, the thing's key and the draw's
 * name, so that a new draw in one place changes nothing elsewhere.
 */
export interface Draws {
  /** A uniform number in [low, high). */
  range(name: string, low: number, high: number): number;
  /** A uniform integer in [low, high]. */
  integer(name: string, low: number, high: number): number;
  /** True with this probability. */
  chance(name: string, probability: number): boolean;
  pick<T>(name: string, values: readonly T[]): T;
  /** A key of `weights`, as often as its weight says. */
  weighted<Name extends string>(name: string, weights: Readonly<Record<Name, number>>): Name;
  /** Draws about a part of this thing. */
  part(name: string): Draws;
}

export function drawsFor(random: RandomSource, key: string): Draws {
  const uniform = (name: string) => random.uniform(key, name);
  return {
    range: (name, low, high) => low + uniform(name) * (high - low),
    integer: (name, low, high) => low + Math.floor(uniform(name) * (high - low + 1)),
    chance: (name, probability) => uniform(name) < probability,
    pick: (name, values) => values[Math.floor(uniform(name) * values.length)]!,
    weighted(name, weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][];
      let left = uniform(name) * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of entries) {
        left -= weight;
        if (left < 0) return value;
      }
      return entries.at(-1)![0];
    },
    part: (name) => drawsFor(random, `${key}/${name}`),
  };
}

/**
 * Whether `index` is the one chosen among its block of `period` consecutive numbers: what must be rare and yet be
 * there happens at an exact rate instead of by luck.
 */
export function onceIn(random: RandomSource, period: number, name: string, index: number): boolean {
  const block = Math.floor(index / period);
  return index % period === random.integer(period, 'once', name, block);
}
