import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashOf } from '#src/canonical-json.js';
import { modelOf, recipeJsonSchema } from '#src/recipe.js';
import { loadRecipe, onlyTasks, parseRecipe } from '#src/recipe-file.js';
import { recipePixels } from '#src/steps/cache.js';
import { curateDependencies } from '#src/steps/curate.js';

const RECIPES = fileURLToPath(new URL('../recipes', import.meta.url));
const MINIMAL = `
name: minimal
tasks: { product_type: { minPerClass: 100 } }
model: { network: small-cnn, phases: [{ train: all, epochs: 2 }] }
`;
function failure(text: string, overrides: string[] = []): string {
  try {
    parseRecipe(text, overrides);
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return (error as Error).message;
  }
  throw new Error('expected the recipe to be refused');
}

describe('parseRecipe', () => {
  it('takes every fit and filter, and keeps the hash of a recipe that names none', () => {
    expect(parseRecipe(MINIMAL).cache).not.toHaveProperty('filter');
    for (const fit of ['stretch', 'letterbox', 'cover', 'trim']) {
      expect(parseRecipe(MINIMAL, [`cache.fit=${fit}`, 'cache.filter=area']).cache).toMatchObject({
        fit,
        filter: 'area',
      });
    }
  });

  it('fills in every default', () => {
    const recipe = parseRecipe(MINIMAL);
    expect(recipe).toMatchObject({
      seed: 1,
      conflicts: 'majority',
      split: { by: 'component', method: 'stratified', validation: 0.1, test: 0.15 },
      cache: { size: 224, fit: 'stretch', decoder: 'turbo' },
      model: {
        batchSize: 32,
        head: { units: [], dropout: 0 },
        phases: [{ optimizer: 'adam', learningRate: 0.001 }],
      },
    });
  });

  it.each([
    ['an unknown key', 'surprise=1', 'surprise: Expected no such key'],
    ['an unknown key deep down', 'model.head.width=3', 'model.head.width: Expected no such key'],
    ['a wrong type', 'seed=many', 'seed: Expected number but received "many"'],
    ['a bad value', 'conflicts=last', 'conflicts: Expected one of "majority", "first" but received "last"'],
    ['a value below its range', 'cache.size=2', 'cache.size: Expected at least 8 but received 2'],
    ['a share above one', 'split.test=1.5', 'split.test: Expected at most 1 but received 1.5'],
    [
      'photos too small for a network',
      'model.network=vgg16 cache.size=31',
      'cache.size: Expected at least 32 for vgg16 but received 31',
    ],
    [
      'photos too small for MobileNet',
      'model.network=mobilenet cache.size=31',
      'cache.size: Expected at least 32 for mobilenet but received 31',
    ],
    [
      'photos too small for one task’s network',
      'tasks.product_type.model.network=vgg16 cache.size=8',
      'cache.size: Expected at least 32 for vgg16 but received 8',
    ],
    [
      'nothing to train on',
      'split.test=0.95',
      'split: Expected validation and test that leave some to train on',
    ],
    [
      'a wrong list item',
      'model.phases.0.epochs=0',
      'model.phases.0.epochs: Expected at least 1 but received 0',
    ],
    [
      'momentum of an optimiser that has none',
      'model.phases.0.momentum=0.9',
      'model.phases.0.momentum: Expected it only beside optimizer: sgd but received 0.9',
    ],
    [
      'nesterov without momentum',
      'model.phases.0.nesterov=true model.phases.0.optimizer=sgd',
      'model.phases.0.nesterov: Expected it only beside momentum but received true',
    ],
    [
      'minDelta without patience',
      'model.phases.0.minDelta=0.1',
      'model.phases.0.minDelta: Expected it only beside patience',
    ],
    [
      'a schedule that there is not',
      'model.phases.0.schedule={kind:linear}',
      'model.phases.0.schedule.kind: Expected constant, cosine or plateau as its kind',
    ],
    [
      'a schedule that ends where it begins',
      'model.phases.0.schedule.kind=cosine model.phases.0.schedule.minimum=0.001',
      'model.phases.0.schedule.minimum: Expected less than the learning rate, 0.001, but received 0.001',
    ],
    [
      'a warm-up longer than its phase',
      'model.phases.0.schedule.kind=constant model.phases.0.schedule.warmup.epochs=3',
      'model.phases.0.schedule.warmup.epochs: Expected at most the phase’s, 2, but received 3',
    ],
    ['an index outside a list', 'model.phases.5.epochs=1', 'model.phases.5: Expected an index in 0..1'],
    [
      'a level without a tree',
      'tasks.product_type.level=coarse',
      'tasks.product_type.level: Expected it only beside a tree but received "coarse"',
    ],
    [
      'a class that a tree has twice',
      'tasks.product_type.tree={A:{B:[X],C:[X]}}',
      'tasks.product_type.tree: Expected each fine name once but received "X"',
    ],
    [
      'a tree of two levels',
      'tasks.product_type.tree={A:[X]}',
      'tasks.product_type.tree: Expected "nodes", a file, or COARSE: {MIDDLE: [CLASS, …]}',
    ],
    [
      'a file where recipes have no folder',
      'tasks.product_type.tree=tree.yaml',
      'tasks.product_type.tree: Expected "nodes", a file, or COARSE',
    ],
    ['a list of no labels', 'tasks.product_type.select=[]', 'select: Expected at least 1 in the list'],
    [
      'a label that is both selected and left out',
      'tasks.product_type.select=[SHOES] tasks.product_type.drop=[shoes]',
      'tasks.product_type.select: Expected no label that drop leaves out but received "SHOES"',
    ],
    [
      'a label that becomes two',
      'tasks.product_type.merge={"shoes":A,"SHOES":B}',
      'tasks.product_type.merge.SHOES: Expected A as above',
    ],
    ['a task’s name that no file has', 'tasks={"a/b":{}}', 'tasks.a/b: Expected another name: letters'],
    ['a value of no branch', 'deduplicate.boilerplate=5', 'Expected false or object but received 5'],
    [
      'a place that gives a group’s name twice',
      'tasks.product_type.tree={A:{B:[X,Y]}} tasks.product_type.places={Y:[C,B]}',
      'tasks.product_type.places: Expected places that leave each name once in its level of the tree',
    ],
  ])('says the path, what was expected and what was received for %s', (_, override, message) => {
    expect(failure(MINIMAL, override.split(' '))).toContain(message);
  });

  it('takes optimisers and schedules, and keeps the hash of a recipe that names none', () => {
    expect(parseRecipe(MINIMAL).model.phases).toEqual([
      { train: 'all', epochs: 2, optimizer: 'adam', learningRate: 0.001 },
    ]);
    expect(parseRecipe(MINIMAL).model.head).toEqual({ units: [], dropout: 0, labelSmoothing: 0 });
    const phase = (text: string) =>
      parseRecipe(MINIMAL, [`model.phases.0={train: all, epochs: 2, ${text}}`]).model.phases[0];
    expect(phase('optimizer: sgd, momentum: 0.8, nesterov: true')).toMatchObject({ momentum: 0.8 });
    expect(phase('schedule: {kind: plateau}')).toMatchObject({
      schedule: { kind: 'plateau', factor: 0.1, patience: 10, minDelta: 1e-4, cooldown: 0, minimum: 0 },
    });
    expect(phase('schedule: {kind: cosine, warmup: {steps: 5}}')).toMatchObject({
      schedule: { kind: 'cosine', warmup: { steps: 5 }, minimum: 0 },
    });
    expect(phase('batchNorm: frozen, restore: true')).toMatchObject({ batchNorm: 'frozen', restore: true });
  });

  it('takes the smallest photos that a network takes', () => {
    expect(parseRecipe(MINIMAL, ['model.network=vgg16', 'cache.size=32']).cache.size).toBe(32);
  });

  it('refuses --set without a value, no task, and text that is not YAML', () => {
    expect(failure(MINIMAL, ['seed'])).toContain('Expected PATH=VALUE');
    expect(failure(MINIMAL, ['tasks={}'])).toContain('at least one task');
    expect(failure('a: [')).toContain('Expected YAML');
  });

  it('sets values of any type, makes missing parents, and leaves __proto__ harmless', () => {
    const recipe = parseRecipe(MINIMAL, [
      'tasks.color.cap=20',
      'split.validation=0',
      'model.head.units=[256]',
    ]);
    expect(recipe.tasks['color']?.cap).toBe(20);
    expect(recipe.split.validation).toBe(0);
    expect(recipe.model.head.units).toEqual([256]);
    expect(failure(MINIMAL, ['__proto__.seed=5'])).toContain('__proto__');
    expect(({} as Record<string, unknown>)['seed']).toBeUndefined();
  });

  it('takes a key away with null', () => {
    const without = parseRecipe(MINIMAL, ['model.head.units=[8]', 'model.head.units=null', 'seed=null']);
    expect(without).toEqual(parseRecipe(MINIMAL));
  });

  it('leaves what it sets in its place, so that the first task stays the first', () => {
    const set = ['tasks.color.cap=20', 'tasks.product_type.cap=30'];
    expect(Object.keys(parseRecipe(MINIMAL, set).tasks)).toEqual(['product_type', 'color']);
  });
});

describe('a task’s tree', () => {
  const mobilenet = `${RECIPES}/mobilenet.yaml`;

  it('is read from a file beside the recipe, enters its hash, and can be overridden class by class', async () => {
    const named = await loadRecipe(mobilenet, ['tasks.product_type.tree=trees/product_type.yaml']);
    const { tree } = named.tasks['product_type']!;
    expect(tree).toMatchObject({ FASHION: { FOOTWEAR: ['SHOES', 'BOOT', 'SANDAL'] } });
    const inline = await loadRecipe(mobilenet, [`tasks.product_type.tree=${JSON.stringify(tree)}`]);
    expect(hashOf(inline)).toBe(hashOf(named));
    const other = await loadRecipe(mobilenet, [
      'tasks.product_type.tree=trees/product_type.yaml',
      'tasks.product_type.places.RUG=[HOME_AND_KITCHEN, FLOORS]',
    ]);
    expect(hashOf(other)).not.toBe(hashOf(named));
    expect(other.tasks['product_type']!.places).toEqual({ RUG: ['HOME_AND_KITCHEN', 'FLOORS'] });
  });

  it('may be what the nodes give, and leaves recipes without one as they were', async () => {
    expect(parseRecipe(MINIMAL, ['tasks.product_type.tree=nodes']).tasks['product_type']!.tree).toBe('nodes');
    for (const key of ['tree', 'places', 'level']) {
      expect(parseRecipe(MINIMAL).tasks['product_type']).not.toHaveProperty(key);
    }
  });

  it('is refused where the file cannot be read or is no tree', async () => {
    const load = (tree: string) => loadRecipe(mobilenet, [`tasks.product_type.tree=${tree}`]);
    await expect(load('trees/none.yaml')).rejects.toThrow(
      /tasks.product_type.tree: Expected a readable tree at .*trees.none.yaml/,
    );
    await expect(load('demo.yaml')).rejects.toThrow(/tasks.product_type.tree: Expected/);
  });
});

it('a task overrides only the keys of the model that it names', () => {
  const recipe = parseRecipe(MINIMAL, [
    'model.batchSize=8',
    'model.head.dropout=0.5',
    'tasks.color.model.network=mobilenet',
  ]);
  expect(modelOf(recipe, 'color')).toEqual({ ...recipe.model, network: 'mobilenet' });
  expect(modelOf(recipe, 'product_type')).toEqual(recipe.model);
});

it('makes another cache only of photos that are stored as JPEG', () => {
  const raw = recipePixels(parseRecipe(MINIMAL));
  expect(recipePixels(parseRecipe(MINIMAL, ['cache.storage=raw']))).toEqual(raw);
  expect(recipePixels(parseRecipe(MINIMAL, ['cache.storage=jpeg']))).toMatchObject({ storage: 'jpeg' });
  expect('storage' in raw || 'storage' in parseRecipe(MINIMAL).cache).toBe(false);
});

describe('labels', () => {
  it('are as they were in a recipe that names nothing new, hash and all', async () => {
    const task = parseRecipe(MINIMAL).tasks['product_type'];
    expect(task).toEqual({ minPerClass: 100, drop: [], merge: {} });
    expect('language' in parseRecipe(MINIMAL)).toBe(false);
    // What a run depends on; since boilerplate is dropped.
    const hash = async (name: string) => hashOf(await loadRecipe(`${RECIPES}/${name}.yaml`));
    expect(await hash('demo')).toBe('ae1c667c4ab60225c18232cad9269931896e9042152a61a5a7cc1187c94cc545');
    expect(await hash('mobilenet')).toBe('c0c7412c7061034d0d7dac21a8a46a3894b8c7a87f71761b9a1d28fdf1e58b64');
  });

  it('take the recipes that come with the product, and read them again as the same', async () => {
    for (const file of (await readdir(RECIPES)).filter((name) => name.endsWith('.yaml'))) {
      const recipe = await loadRecipe(`${RECIPES}/${file}`);
      expect(parseRecipe(JSON.stringify(recipe))).toEqual(recipe);
      expect(`${recipe.name}.yaml`).toBe(file);
    }
  });

  it.each([
    ['language=[]', 'language: Expected at least 1'],
    ['language=["e n"]', 'language.0: Expected a tag such as en_US, en_* or *'],
    ['tasks.c.top=1', 'tasks.c.top: Expected at least 2 but received 1'],
    ['tasks.c.other=" "', 'tasks.c.other: Expected at least 1'],
    ['tasks.c.normalise=color', 'tasks.c.normalise: Expected'],
    ['tasks.c.normalise={kind: colour}', 'a kind: color, brand, standardized or bins'],
    ['tasks.c.normalise={kind: brand, multi: first}', 'tasks.c.normalise.multi: Expected no such key'],
    ['tasks.c.normalise={kind: bins}', 'tasks.c.normalise: Expected either edges or quantiles'],
    ['tasks.c.normalise={kind: bins, edges: [1], quantiles: 2}', 'Expected either edges or quantiles'],
    ['tasks.c.normalise={kind: bins, edges: [2, 1]}', 'edges: Expected edges in ascending order'],
    ['tasks.c.normalise={kind: bins, edges: [1], unit: stones}', 'unit: Expected one of "kilograms"'],
  ])('refuse %s', (override, message) => {
    expect(failure(MINIMAL, [override])).toContain(message);
  });
});

describe('training', () => {
  it('is no part of what curation depends on, so that another one curates nothing again', () => {
    const recipe = parseRecipe(MINIMAL, ['tasks.product_type.training={sampling: class}']);
    expect(recipe.tasks['product_type']?.training).toEqual({ sampling: 'class' });
    const dependencies = (one: typeof recipe) => curateDependencies(one, ['product_type'], 'dump');
    expect(dependencies(recipe)).toEqual(dependencies(parseRecipe(MINIMAL)));
    expect(dependencies(parseRecipe(MINIMAL, ['language=[de_*]']))).not.toEqual(dependencies(recipe));
  });

  it.each([
    ['{sampling: class, classWeights: balanced}', 'either sampling by class or class weights'],
    ['{classWeights: {effective: 1}}', 'effective: Expected less than 1 but received 1'],
    ['{classWeights: rare}', '"balanced" or {effective: β} with β between 0 and 1'],
  ])('refuses %s', (training, message) => {
    expect(failure(MINIMAL, [`tasks.c.training=${training}`])).toContain(message);
  });
});

describe('cache.augmentedCopies', () => {
  const AUGMENTED = 'augmentation={flip: horizontal}';

  it('of 0 is what it is by default, hash and all', () => {
    const recipe = parseRecipe(MINIMAL, [AUGMENTED]);
    expect('augmentedCopies' in recipe.cache).toBe(false);
    const none = parseRecipe(MINIMAL, [AUGMENTED, 'cache.augmentedCopies=0']);
    expect(hashOf(none)).toBe(hashOf(recipe));
    const two = parseRecipe(MINIMAL, [AUGMENTED, 'cache.augmentedCopies=2']);
    expect(two.cache.augmentedCopies).toBe(2);
    expect(hashOf(two)).not.toBe(hashOf(recipe));
    expect(parseRecipe(JSON.stringify(two))).toEqual(two);
  });

  it.each([
    [['cache.augmentedCopies=2'], 'cache.augmentedCopies: Expected 0 without an augmentation'],
    [
      [
        'cache.augmentedCopies=2',
        'augmentation={rotation: 0, crop: 1, flip: none, cutout: {probability: 0}}',
      ],
      'Expected 0 without an augmentation',
    ],
    [['cache.augmentedCopies=2', 'augmentation={mixup: 0.2}'], 'Expected 0 without an augmentation'],
    [[AUGMENTED, 'cache.augmentedCopies=65'], 'cache.augmentedCopies: Expected at most 64 but received 65'],
    [[AUGMENTED, 'cache.augmentedCopies=-1'], 'cache.augmentedCopies: Expected at least 0'],
  ])('refuses %s', (overrides, message) => {
    expect(failure(MINIMAL, overrides)).toContain(message);
  });
});

describe('augmentation', () => {
  it('is absent unless it is given, so that the hashes of recipes without it stay', () => {
    expect('augmentation' in parseRecipe(MINIMAL)).toBe(false);
  });

  it('reads a number as the range that Keras’s layer makes of it', () => {
    const recipe = parseRecipe(MINIMAL, [
      'augmentation={rotation: 0.2, zoom: [0.2, 0.3], contrast: 0.1, hue: 0.5, crop: 0.8, flip: horizontal, cutout: {}}',
    ]);
    expect(recipe.augmentation).toEqual({
      rotation: [-0.2, 0.2],
      zoom: [0.2, 0.3],
      contrast: [0.1, 0.1],
      hue: [0, 0.5],
      crop: [0.8, 1],
      flip: 'horizontal',
      cutout: { probability: 0.5, scale: [0.02, 0.33], fill: 127.5 },
    });
    // What a run folder keeps is read again as the same.
    expect(parseRecipe(JSON.stringify(recipe))).toEqual(recipe);
  });

  it.each([
    ['augmentation.rotation=2', 'augmentation.rotation: Expected at most 1 but received 2'],
    ['augmentation.rotation=much', 'augmentation.rotation: Expected a number or two in -1..1'],
    ['augmentation.zoom=[0.3, 0.2]', 'augmentation.zoom: Expected [low, high] in this order'],
    ['augmentation.shear=1', 'augmentation.shear: Expected no such key'],
    ['model.head.l2=0', 'model.head.l2: Expected more than 0 but received 0'],
    ['augmentation.mixup=0', 'augmentation.mixup: Expected at least 0.05 but received 0'],
  ])('refuses %s', (override, message) => {
    expect(failure(MINIMAL, [override])).toContain(message);
  });
});

it('the JSON Schema describes the recipe for editors', () => {
  expect(recipeJsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    // What another recipe may say for it.
    anyOf: [{ required: ['extends'] }, { required: ['name', 'tasks', 'model'] }],
    properties: {
      extends: { type: 'string' },
      tasks: {},
      split: {},
      augmentation: { properties: { zoom: {} } },
      model: {},
    },
  });
});

it('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  expect(hashOf({ a: 1, b: 2 })).toBe(hashOf({ b: 2, a: 1 }));
});

it('lays a task’s own keys over the recipe’s model, deep down', () => {
  const recipe = parseRecipe(`
name: deep
tasks:
  color: { model: { head: { units: [4] } } }
  brand: {}
model:
  network: small-cnn
  head: { units: [8], dropout: 0.3, labelSmoothing: 0.1 }
  phases: [{ train: all, epochs: 1 }]
`);
  expect(modelOf(recipe, 'color').head).toEqual({ units: [4], dropout: 0.3, labelSmoothing: 0.1 });
  expect(modelOf(recipe, 'brand').head.units).toEqual([8]);
});

it.each([
  ['deduplicate.same=[bytes', 'YAML'],
  ['model.head.dropout=1', 'less than 1'],
  ['tasks.__proto__.cap=3', '__proto__'],
  ['model.phases.0.train=heads', '"head", "all", {from: LAYER} or {last: N}'],
  ['name=&a [*a]', '(without aliases)'],
])('refuses --set %s', (override, message) => {
  const text = 'name: x\ntasks: {color: {}}\nmodel: {network: small-cnn, phases: [{train: all, epochs: 1}]}';
  expect(() => parseRecipe(text, [override])).toThrow(message);
});

describe('onlyTasks', () => {
  it('keeps the recipe’s order and all else, and names the tasks there are', async () => {
    const recipe = await loadRecipe(`${RECIPES}/three-tasks.yaml`);
    expect(Object.keys(recipe.tasks)).toEqual(['product_type', 'color', 'brand']);
    const two = onlyTasks(recipe, ['brand', 'product_type']);
    expect(Object.keys(two.tasks)).toEqual(['product_type', 'brand']);
    expect({ ...two, tasks: recipe.tasks }).toEqual(recipe);
    expect(() => onlyTasks(recipe, ['colour'])).toThrow('received "colour"; did you mean "color"?');
    expect(() => onlyTasks(recipe, ['weight'])).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('color') as string }),
    );
  });

  it('gives each task the network that it names', async () => {
    const recipe = await loadRecipe(`${RECIPES}/three-tasks.yaml`, ['tasks.brand.model.network=resnet50']);
    expect(modelOf(recipe, 'brand').network).toBe('resnet50');
    expect(modelOf(recipe, 'color').network).toBe('mobilenet');
  });
});
