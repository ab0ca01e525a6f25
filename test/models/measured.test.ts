import fc from 'fast-check';
import { expect, it } from 'vitest';
import { measuredSamples } from '#src/models/measured.js';
import type { Sample } from '#src/records.js';

const sample = (index: number): Sample => ({
  path: `${index}`,
  file: `${index}`,
  label: 'a',
  component: `${index}`,
  imageId: `${index}`,
  sha256: index.toString(16).padStart(64, '0'),
  task: 'colour',
  split: index % 4 === 3 ? 'validation' : 'train',
});
const samples = Array.from({ length: 40_000 }, (_, index) => sample(index));
const draw = (number: number, seed = 1, task = 'colour') =>
  measuredSamples(samples.slice(0, number), { seed, task });

it.each([
  [4, 3],
  [300, 225],
  // A tenth of 3,000.
  [4000, 300],
  [3000, 250],
  [40_000, 2000],
])('of %d samples takes %d of the train side', (number, taken) => {
  const drawn = draw(number);
  expect(drawn).toHaveLength(taken);
  expect(new Set(drawn).size).toBe(taken);
  expect(drawn.every(({ split }) => split === 'train')).toBe(true);
});

it('draws by seed, task and photo, whatever the order', () => {
  const paths = (drawn: readonly Sample[]) => drawn.map(({ path }) => path).sort();
  expect(paths(draw(4000))).not.toEqual(paths(draw(4000, 2)));
  expect(paths(draw(4000))).not.toEqual(paths(draw(4000, 1, 'brand')));
  const some = samples.slice(0, 1200);
  fc.assert(
    fc.property(fc.shuffledSubarray(some, { minLength: some.length }), (shuffled) => {
      const drawn = measuredSamples(shuffled, { seed: 1, task: 'colour' });
      expect(paths(drawn)).toEqual(paths(draw(1200)));
      // In the order given.
      const places = drawn.map((one) => shuffled.indexOf(one));
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }),
    { numRuns: 20 },
  );
});
