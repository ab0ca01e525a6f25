import { expect, it } from 'vitest';
import { factorsOf } from '#src/compare/factors.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { PartialSummary, PreparedTask } from '#src/summary.js';

const recipe = (more = '') =>
  parseRecipe(
    `name: a\ntasks: { color: {} }\nmodel: { network: mobilenet, phases: [{ train: head, epochs: 1 }] }\n${more}`,
  );

/** As much of a run as is looked at. */
const run = (
  task: Partial<PreparedTask> = {},
  { more = '', ...told }: Partial<PartialSummary> & { more?: string } = {},
) => ({
  recipe: recipe(more),
  summary: {
    source: 'dump',
    backend: { name: 'wasm', device: 'cpu' },
    weights: { mobilenet: 'a'.repeat(64) },
    tasks: { color: { splitBy: 'component', samplesDigest: 's', ...task } },
    ...told,
  } as unknown as PartialSummary,
});
const others = (...runs: [ReturnType<typeof run>, ReturnType<typeof run>]) => [
  ...factorsOf(...runs).other.values(),
];

it('finds nothing otherwise between equals', () => {
  expect(factorsOf(run(), run())).toEqual({
    same: ['dump', 'backend', 'weights', 'samples and sides'],
    other: new Map(),
    unknown: [],
  });
});

it('names weights that differ, or that one has none, and not those of another network', () => {
  const scratch = run({}, { weights: { mobilenet: null } });
  expect(others(run(), scratch)).toEqual(['Other weights of mobilenet: aaaaaaaaaaaa and none.']);
  expect(others(run(), run({}, { weights: { vgg16: null } }))).toEqual([]);
});

it('names samples and sides that differ, unless recipes or dumps explain it', () => {
  const told = 'Other samples or sides of color, which the recipes do not explain.';
  const [given, otherGiven] = ['s', 'r'].map((samplesDigest) => run({ splitBy: 'given', samplesDigest }));
  expect(others(given!, otherGiven!)).toEqual([told]);
  // An older run's sides were kept.
  expect(others(run(), run({ samplesDigest: 'r' }))).toEqual([told]);
  expect(others(run(), run({ samplesDigest: 'r' }, { more: 'seed: 5' }))).toEqual([]);
  const otherGivenAndSeed = run({ splitBy: 'given', samplesDigest: 'r' }, { more: 'seed: 5' });
  expect(others(given!, otherGivenAndSeed)).toEqual([told]);
});

it('says what an older summary does not tell', () => {
  const older = run();
  delete older.summary.weights;
  delete older.summary.tasks['color']!.samplesDigest;
  expect(factorsOf(run(), older)).toMatchObject({
    same: ['dump', 'backend'],
    unknown: ['weights', 'samples and sides'],
  });
});
