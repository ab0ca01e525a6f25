import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MergeAdvice } from '#src/advise/merges.js';
import { mergesOf, recipePatch } from '#src/advise/patch.js';
import type { TaskAdvice } from '#src/advise/task.js';
import { loadRecipe, parseRecipe } from '#src/recipe-file.js';
import { temporaryFolder } from '../fixtures.js';

const recipe = parseRecipe(`
name: shop
tasks:
  product_type:
    merge: { clog: Sandal }
    drop: [SUIT]
    other: REST
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`);
const task = recipe.tasks['product_type']!;
const advice: TaskAdvice = {
  photos: 10,
  classes: 3,
  components: 10,
  accuracy: 0.9,
  joint: { noise: 0, pairs: [] },
  mislabelled: [],
  merge: [{ from: 'SANDAL', into: 'SHO"E\n', confused: 4, photos: 20, overlap: 0.25 } as MergeAdvice],
  broad: [{ label: 'HO\nME', photos: 5, classes: 6.1, own: 0.5, recall: 0.5, among: [] }],
  lookFirst: [],
  rules: { SANDAL: 'SHO"E\n' },
};

const SHOP = { name: 'shop', parent: '../recipe.json', command: 'pipeline run --recipe R', cwd: '/shop' };

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('patch');
});
afterAll(() => folder.dispose());

async function loaded(text: string) {
  await mkdir(join(folder.path, 'advice'), { recursive: true });
  await writeFile(join(folder.path, 'recipe.json'), JSON.stringify(recipe));
  await writeFile(join(folder.path, 'advice/recipe.yaml'), text);
  return loadRecipe(join(folder.path, 'advice/recipe.yaml'));
}

it('is a recipe that merges over the run’s own, whatever labels are written in', async () => {
  const patch = recipePatch(new Map([['product_type', { recipe: task, advice }]]), {
    ...SHOP,
    cwd: '/a\nb',
  });
  expect(patch).toContain("#   cd $'/a\\u000ab'\n#   pipeline run --recipe R\n");
  expect(patch).toContain('# drop: ["SUIT", "HO\\nME"]');
  const { name, tasks, ...rest } = await loaded(patch);
  expect(name).toBe('shop-advised');
  // What was merged into a label that is merged now goes along.
  expect(tasks['product_type']).toEqual({
    ...task,
    merge: { SANDAL: 'SHO"E\n', clog: 'SHO"E\n' },
  });
  expect(rest).toEqual({ ...recipe, name: undefined, tasks: undefined });
});

it('changes nothing where nothing is advised, or nothing but what a person must decide', async () => {
  const patchOf = (some: TaskAdvice) =>
    recipePatch(new Map([['product_type', { recipe: task, advice: some }]]), SHOP);
  for (const broad of [[], advice.broad]) {
    const { tasks } = await loaded(patchOf({ ...advice, merge: [], rules: {}, broad }));
    expect(tasks).toEqual(recipe.tasks);
  }
});

it('merges no label that collects the rest, and no groups of a tree', () => {
  expect(mergesOf(task, { A: 'rest', REST: 'B', C: 'D' })).toEqual({ C: 'D' });
  expect(mergesOf({ ...task, level: 'middle' }, { C: 'D' })).toEqual({});
});
