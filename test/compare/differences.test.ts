import { expect, it } from 'vitest';
import { recipeDifferences } from '#src/compare/differences.js';

it('names each value that differs as --set takes it, and no name', () => {
  const first = {
    name: 'a',
    seed: 1,
    model: { phases: [{ epochs: 2 }, { epochs: 3 }], head: { units: [] } },
  };
  const second = {
    name: 'b',
    seed: 1,
    model: { phases: [{ epochs: 5 }], head: { units: [64] } },
    cache: { size: 8 },
  };
  expect(recipeDifferences(first, second)).toEqual([
    { path: 'cache', second: { size: 8 } },
    { path: 'model.head.units.0', second: 64 },
    { path: 'model.phases.0.epochs', first: 2, second: 5 },
    { path: 'model.phases.1', first: { epochs: 3 } },
  ]);
  expect(recipeDifferences(first, structuredClone(first))).toEqual([]);
});
