import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '#src/canonical-json.js';
import { assertPhases } from '#src/models/networks/index.js';
import { loadRecipe, parseRecipe } from '#src/recipe-file.js';
import { temporaryFolder } from './fixtures.js';

const RECIPES = fileURLToPath(new URL('../recipes', import.meta.url));
const MINIMAL = `
name: minimal
tasks: { product_type: { minPerClass: 100 } }
model: { network: small-cnn, phases: [{ train: all, epochs: 2 }] }
`;
const MINIMAL_VALUE = {
  name: 'minimal',
  tasks: { product_type: { minPerClass: 100 } },
  model: { network: 'small-cnn', phases: [{ train: 'all', epochs: 2 }] },
};

describe('a recipe that extends another', () => {
  let folder: { path: string; dispose(): Promise<void> };
  beforeAll(async () => {
    folder = await temporaryFolder('recipes');
  });
  afterAll(() => folder.dispose());
  const write = async (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder.path, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    return (name: string, overrides: string[] = []) => loadRecipe(join(folder.path, name), overrides);
  };

  it('says only what differs: keys are merged, lists replaced, null takes away', async () => {
    const load = await write({
      'base/parent.yaml': `${MINIMAL}augmentation: { flip: horizontal, rotation: 0.1 }`,
      'child.yaml': `
extends: base/parent.yaml
name: child
tasks: { color: {}, product_type: { cap: 5 } }
augmentation: { rotation: null }
model: { head: { units: [7] } }
`,
      'grandchild.yaml':
        'extends: child.yaml\nmodel: { phases: [{ train: head, epochs: 1 }] }\naugmentation: null',
    });
    const expected = {
      ...MINIMAL_VALUE,
      name: 'child',
      tasks: { product_type: { minPerClass: 100, cap: 5 }, color: {} },
      augmentation: { flip: 'horizontal' },
      model: { ...MINIMAL_VALUE.model, head: { units: [7] } },
    };
    const child = await load('child.yaml');
    expect(child).toEqual(parseRecipe(JSON.stringify(expected)));
    expect(Object.keys(child.tasks)).toEqual(['product_type', 'color']);
    const { augmentation: _, ...rest } = expected;
    const phases = [{ train: 'head', epochs: 1 }];
    expect(await load('grandchild.yaml')).toEqual(
      parseRecipe(JSON.stringify({ ...rest, model: { ...expected.model, phases } })),
    );
    expect((await load('child.yaml', ['tasks.product_type.cap=6'])).tasks['product_type']!.cap).toBe(6);
  });

  it('takes its parent’s trees from beside the parent, its own from beside itself', async () => {
    const tree = (name: string) => `G: { ${name}: [X] }`;
    const load = await write({
      'trees/parent.yaml': `${MINIMAL.replace('minPerClass: 100', 'tree: tree.yaml')}`,
      'trees/tree.yaml': tree('PARENT'),
      'tree.yaml': tree('CHILD'),
      'same.yaml': 'extends: trees/parent.yaml',
      'other.yaml': 'extends: trees/parent.yaml\ntasks: { product_type: { tree: tree.yaml } }',
    });
    const found = async (name: string) => (await load(name)).tasks['product_type']!.tree;
    expect(await found('same.yaml')).toEqual({ G: { PARENT: ['X'] } });
    expect(await found('other.yaml')).toEqual({ G: { CHILD: ['X'] } });
  });

  it('is refused where it extends itself, nothing that can be read, or no file', async () => {
    const load = await write({
      'a.yaml': 'extends: b.yaml',
      'b.yaml': 'extends: a.yaml',
      'orphan.yaml': 'extends: nowhere.yaml',
      'list.yaml': 'extends: [a.yaml]',
    });
    const refused = { code: 'RECIPE_INVALID', exitCode: 2 };
    await expect(load('a.yaml')).rejects.toMatchObject({
      ...refused,
      message: 'extends: Expected recipes that end but received a.yaml → b.yaml → a.yaml',
    });
    await expect(load('orphan.yaml')).rejects.toThrow(
      /extends of .*orphan.yaml: Expected a readable recipe at .*nowhere.yaml/,
    );
    await expect(load('list.yaml')).rejects.toThrow('extends: Expected the file of a recipe');
    expect(() => parseRecipe(`extends: a.yaml${MINIMAL}`)).toThrow('extends: Expected no such key');
  });

  it('is v2-faithful: the post’s V2 with its faults', async () => {
    const [mended, faithful] = await Promise.all(
      ['v2', 'v2-faithful'].map((name) => loadRecipe(`${RECIPES}/${name}.yaml`)),
    );
    const { name, description, deduplicate, split, model, ...same } = mended!;
    expect(faithful).toMatchObject({ ...same, faithful: true, split: { ...split, by: 'image' } });
    expect(faithful!.model).toEqual({
      ...model,
      preprocessing: 'scale-255',
      phases: [model.phases[0], { ...model.phases[1], train: { last: 20 } }],
    });
    expect(() => assertPhases(faithful!)).not.toThrow();
    expect(() => assertPhases(mended!)).not.toThrow();
  });

  it('keeps the hashes of recipes, and gives each of the post’s iterations with and without its faults', async () => {
    const load = async (name: string) => {
      const recipe = await loadRecipe(`${RECIPES}/${name}.yaml`);
      expect(() => assertPhases(recipe), name).not.toThrow();
      return recipe;
    };
    const hashes = { mobilenet: 'c0c7412c', v1: 'd646534a', v2: 'a86a937d', v6: '4c190d33' };
    for (const [name, hash] of Object.entries(hashes)) {
      expect(hashOf(await load(name)).slice(0, 8), name).toBe(hash);
    }
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const [mended, faithful] = [await load(`v${number}`), await load(`v${number}-faithful`)];
      expect(mended.model.preprocessing).toBeUndefined();
      expect(faithful).toMatchObject({ faithful: true, split: { by: 'image' } });
      expect(faithful.model.preprocessing).toBe('scale-255');
      expect(faithful.cache).toEqual(mended.cache);
      expect(faithful.tasks).toEqual(mended.tasks);
    }
  });
});
