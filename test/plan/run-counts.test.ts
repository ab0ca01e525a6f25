import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { countsOfRun } from '#src/plan/run-counts.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { Side } from '#src/records.js';
import { temporaryFolder } from '../fixtures.js';

const recipe = (tasks: string, more = '') =>
  parseRecipe(
    `name: a\ntasks: { ${tasks} }\nmodel: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }\n${more}`,
  );
const PRODUCT_TYPE = 'product_type: { cap: 2 }';

let folder: { path: string; dispose(): Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('plan');
});
afterEach(() => folder.dispose());

type Line = [path: string, label: string, split: Side];
const LINES: readonly Line[] = [
  ['a', 'CHAIR', 'train'],
  ['b', 'SOFA', 'train'],
  ['c', 'CHAIR', 'test'],
];

/** A run folder with what planning reads of it. */
async function writeRun(tasks: Record<string, readonly Line[]>, splitBy = 'component') {
  const told: Record<string, object> = {};
  for (const [task, lines] of Object.entries(tasks)) {
    const count = (side: Side) => lines.filter(([, , split]) => split === side).length;
    const splits = { train: count('train'), validation: count('validation'), test: count('test') };
    const classes = new Set(lines.map(([, label]) => label)).size;
    told[task] = { classes, samples: lines.length, splits, splitBy };
    const texts = lines.map(([path, label, split]) => JSON.stringify({ path, label, split }));
    await writeFile(join(folder.path, `samples-${task}.jsonl`), `${texts.join('\n')}\n`);
  }
  const stages = [
    { name: 'parse', in: 50 },
    { name: 'deduplicate', in: 120 },
  ];
  await mkdir(folder.path, { recursive: true });
  await writeFile(join(folder.path, 'summary.json'), JSON.stringify({ tasks: told, stages }));
}

it('takes what a run found, and names what it lacks', async () => {
  await expect(countsOfRun(recipe(PRODUCT_TYPE), folder.path)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await writeRun({ product_type: LINES });
  const found = await countsOfRun(recipe(PRODUCT_TYPE), folder.path);
  expect(found).toMatchObject({ photos: 120, listings: 50 });
  const splits = { train: 2, validation: 0, test: 1 };
  expect(found.tasks.get('product_type')).toMatchObject({ classes: 2, samples: 3, splits, basis: 'run' });
  await expect(countsOfRun(recipe('color: {}'), folder.path)).rejects.toMatchObject({ code: 'USAGE' });
});

it('finds the groups of a run’s labels in the recipe’s tree where the run had none', async () => {
  await writeRun({ product_type: LINES });
  const tree = 'tree: { FURNITURE: { SEATS: [CHAIR], SOFAS: [SOFA] }, OTHER: { REST: [BOWL] } }';
  const { tasks } = await countsOfRun(recipe(`product_type: { ${tree} }`), folder.path);
  expect(tasks.get('product_type')!.levels).toEqual([
    { level: 'coarse', classes: ['FURNITURE'], of: [0, 0] },
    { level: 'middle', classes: ['SEATS', 'SOFAS'], of: [0, 1] },
  ]);
});

it('warns where the run was curated otherwise, not where it was trained otherwise', async () => {
  await writeRun({ product_type: LINES });
  const warnings = async (own: ReturnType<typeof recipe>) => (await countsOfRun(own, folder.path)).warnings;
  expect(await warnings(recipe(PRODUCT_TYPE))).toEqual([expect.stringContaining('has no recipe.json')]);
  const two = recipe('color: {}, product_type: { cap: 2 }');
  await writeFile(join(folder.path, 'recipe.json'), JSON.stringify(two));
  expect(await warnings(recipe(PRODUCT_TYPE, 'cache: { size: 32 }'))).toEqual([]);
  expect(await warnings(recipe('product_type: { cap: 1 }', 'seed: 3'))).toEqual([
    expect.stringContaining('seed 1 → 3, tasks.product_type.cap 2 → 1.'),
  ]);
});

it('does not warn of labels where samples were given', async () => {
  await writeRun({ product_type: LINES }, 'given');
  await writeFile(join(folder.path, 'recipe.json'), JSON.stringify(recipe(PRODUCT_TYPE)));
  const { warnings } = await countsOfRun(recipe('product_type: { cap: 1 }'), folder.path);
  expect(warnings).toEqual([]);
});
