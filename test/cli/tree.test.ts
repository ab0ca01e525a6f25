import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { KnownTree } from '#src/labels/tree/figures.js';
import type { SampleRecord } from '#src/records.js';
import type { PartialSummary } from '#src/summary.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

/** Where each type stands in both marketplaces. */
const NODES: Record<string, readonly [us: string, nl: string]> = {
  CHAIR: ['/Categories/Home/Furniture/Chairs', '/Categorieën/Meubels/Stoelen'],
  SOFA: ['/Self Service/Categories/Home/Furniture', '/Categorieën/Meubels/Banken'],
  LAMP: ['/Categories/Home/Lamps', '/Categorieën/Verlichting'],
  BOOT: ['/Categories/Shoes/Boots', '/Categorieën/Schoenen/Laarzen'],
  SHOES: ['/Categories/Shoes', '/Categorieën/Schoenen/Schoenen'],
};
const TREE = {
  Home: { Furniture: ['CHAIR', 'SOFA'], Lamps: ['LAMP'] },
  Shoes: { Boots: ['BOOT'], Schoenen: ['SHOES'] },
};
const RECIPE = `
name: tree
source: { photos: stat }
deduplicate: { boilerplate: false }
tasks:
  groups: { attribute: product_type, tree: tree.yaml, level: coarse, places: { LAMP: [Light, Lamps] } }
  types: { attribute: product_type, tree: nodes, drop: [SHOES] }
split: { validation: 0.2, test: 0.2 }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;

let folder: { path: string; dispose(): Promise<void> };
const at = (name: string) => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder('tree');
  const rows: object[] = [];
  const images: { id: string; bytes: Buffer }[] = [];
  for (const [type, paths] of Object.entries(NODES)) {
    for (let product = 0; product < 8; product++) {
      const id = `${type.toLowerCase()}${product}`;
      images.push({ id, bytes: await jpeg(images.length) });
      for (const [market, path] of paths.entries()) {
        const language = market === 0 ? 'en_US' : 'nl_NL';
        const node = { node: [{ node_id: 1, node_name: path }] };
        const item_name = [{ language_tag: language, value: `${type} ${product}` }];
        const domain_name = market === 0 ? 'amazon.com' : 'amazon.nl';
        rows.push(listing(`${id}-${market}`, type, id, { item_name, domain_name, ...node }));
      }
    }
  }
  await writeDump(at('dump'), { shards: { 'listings_0.json.gz': rows }, images });
  await writeFile(at('recipe.yaml'), RECIPE);
});
afterAll(() => folder.dispose());

const tree = (...more: string[]) =>
  pipeline(['tree', '--recipe', at('recipe.yaml'), '--source', at('dump'), '-q', ...more]);

describe('pipeline tree', () => {
  it('builds the tree of a task’s classes, with its figures, as YAML that a recipe takes', async () => {
    await writeFile(at('tree.yaml'), JSON.stringify(TREE));
    const { code, stdout, stderr } = await tree('--set', 'tasks.groups.places={}');
    expect([code, stderr]).toEqual([0, '']);
    expect(parseYaml(stdout)).toEqual(TREE);
    expect(stdout).toMatch(
      /^# The category tree of groups.*\n# Coverage: 5 of 5 classes and 40 of 40 photos/,
    );
    expect(stdout).toContain('- CHAIR # 8 photos, 8 with nodes; agreement');

    const written = await tree('--task', 'types', '--out', at('built.yaml'));
    expect(written.stdout).toContain('built.yaml: Coverage: 4 of 4 classes');
    expect(parseYaml(await readFile(at('built.yaml'), 'utf8'))).not.toHaveProperty('Shoes.SHOES');

    const { stdout: json } = await tree('--task', 'types', '--json');
    const found = JSON.parse(json) as KnownTree & { task: string };
    expect(found.task).toBe('types');
    expect(found.figures.agreement.coarse).toBe(1);
    expect(found.figures.byClass.map(({ fine }) => fine).sort()).toEqual(['BOOT', 'CHAIR', 'LAMP', 'SOFA']);
  });

  it('says what it cannot do', async () => {
    const none = await tree('--task', 'types', '--set', 'tasks.types.minPerClass=1000');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/^TOO_FEW_SAMPLES: \[label types\] Expected classes to place in a tree/);
    expect(await tree('--task', 'types', '--out', at('recipe.yaml/tree.yaml'))).toMatchObject({ code: 2 });
    const unknown = await tree('--task', 'colour');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('The tasks are groups, types.');
  });
});

it('a run’s samples carry their classes’ paths, in every file, and the summary says what nodes say', async () => {
  await writeFile(at('tree.yaml'), JSON.stringify(TREE));
  const args = ['curate', '--recipe', at('recipe.yaml'), '--source', at('dump'), '--out', at('run'), '-q'];
  const { code, stderr } = await pipeline(args);
  expect([code, stderr]).toEqual([0, '']);
  const samples = jsonLines<SampleRecord>(await readFile(at('run/samples-groups.jsonl'), 'utf8'));
  expect(samples).toHaveLength(40);
  for (const { imageId, label, coarse, middle, fine } of samples) {
    expect(imageId.startsWith(fine!.toLowerCase())).toBe(true);
    expect(label).toBe(coarse);
    if (fine === 'LAMP') expect([coarse, middle]).toEqual(['Light', 'Lamps']);
    if (fine === 'SOFA') expect([coarse, middle]).toEqual(['Home', 'Furniture']);
  }
  const file = await asyncBufferFromFile(at('run/samples-groups.parquet'));
  // No photo was read, and what is not known is null.
  expect(await parquetReadObjects({ file })).toEqual(samples.map((one) => ({ ...one, sha256: null })));
  const types = jsonLines<SampleRecord>(await readFile(at('run/samples-types.jsonl'), 'utf8'));
  expect(new Set(types.map(({ label }) => label))).toEqual(new Set(['BOOT', 'CHAIR', 'LAMP', 'SOFA']));
  expect(types.find(({ fine }) => fine === 'CHAIR')).toMatchObject({ coarse: 'Home', middle: 'Furniture' });

  const { tasks } = JSON.parse(await readFile(at('run/summary.json'), 'utf8')) as PartialSummary;
  expect(tasks['groups']!.classes).toBe(3);
  expect(tasks['groups']!.tree).toMatchObject({ classes: 5, classesWithNodes: 5, photosWithNodes: 40 });
  expect(tasks['types']!.tree!.agreement.coarse).toBe(1);
  expect(parseYaml(await readFile(at('run/tree-types.yaml'), 'utf8'))).toMatchObject({
    Home: { Furniture: ['CHAIR', 'SOFA'] },
  });
  expect(await pipeline(['verify', at('run')])).toMatchObject({ code: 0 });

  // What is written can be given again, and the tree that was built named.
  const given = await pipeline([
    ...args.slice(0, 6),
    at('given'),
    '-q',
    '--samples',
    `groups=${at('run/samples-groups.parquet')}`,
    '--set',
    'tasks.types.tree=run/tree-types.yaml',
  ]);
  expect([given.code, given.stderr]).toEqual([0, '']);
  const again = jsonLines<SampleRecord>(await readFile(at('given/samples-groups.jsonl'), 'utf8'));
  expect(again.map(({ coarse, fine }) => [coarse, fine])).toEqual(
    samples.map(({ coarse, fine }) => [coarse, fine]),
  );
  // Its sides are the given task's business; what the classes are is not.
  const places = (records: readonly SampleRecord[]) =>
    records.map(({ imageId, coarse, middle, fine }) => [imageId, coarse, middle, fine]);
  const named = jsonLines<SampleRecord>(await readFile(at('given/samples-types.jsonl'), 'utf8'));
  expect(places(named)).toEqual(places(types));
});

it('the label filter takes a tree too', async () => {
  await writeFile(at('tree.yaml'), JSON.stringify(TREE));
  const photo = {
    imageId: 'x',
    path: 'xx/x.jpg',
    file: '/x',
    images: [],
    items: [],
    attributes: { product_type: 'Boot' },
    component: 'x',
    sha256: '',
  };
  const { stdout, code } = await pipeline(
    ['label', '--task', 'product_type', '--tree', at('tree.yaml'), '--level', 'coarse', '-q'],
    { input: JSON.stringify(photo) },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    label: 'Shoes',
    coarse: 'Shoes',
    middle: 'Boots',
    fine: 'BOOT',
  });
});
