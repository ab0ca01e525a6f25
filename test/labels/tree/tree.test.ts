import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import {
  type CategoryTree,
  pathsOf,
  placesIn,
  treeOf,
  treeSchema,
  withPlaces,
} from '#src/labels/tree/tree.js';
import { treeYaml } from '#src/labels/tree/yaml.js';
import { loadTree } from '#src/recipe-file.js';
import { aboSource } from '#src/sources/abo.js';
import { runStage } from '#src/stage.js';
import { parse } from '#src/stages/parse.js';
import { testContext } from '../../context.js';
import { absent, SAMPLE } from '../../shared.js';

const TREE = { Fashion: { Shoes: ['SHOES', 'BOOT'], Bags: ['HANDBAG'] }, Home: { Light: ['LAMP'] } };
const own = (text: string) => text;

describe('a tree', () => {
  it('is its paths', () => {
    expect(pathsOf(TREE)).toHaveLength(4);
    expect(pathsOf(TREE)[1]).toEqual({ coarse: 'Fashion', middle: 'Shoes', fine: 'BOOT' });
    expect(treeOf(pathsOf(TREE))).toEqual(TREE);
  });

  it.each([
    ['a class twice', { A: { B: ['X'], C: ['x '] } }],
    ['a middle group twice', { A: { B: ['X'] }, C: { b: ['Y'] } }],
    ['a coarse group twice', { A: { B: ['X'] }, 'a ': { C: ['Y'] } }],
    ['an empty group', { A: { B: [] } }],
    ['no group', {}],
    ['two levels', { A: ['X'] }],
    ['an empty name', { A: { '': ['X'] } }],
  ])('is refused with %s', (_, tree) => {
    expect(treeSchema.safeParse(tree).success).toBe(false);
  });

  it('may call a group as another level does', () => {
    expect(treeSchema.safeParse({ SHOES: { SHOES: ['SHOES'] } }).success).toBe(true);
  });

  it('takes classes elsewhere and new ones, and has no empty groups', () => {
    expect(withPlaces(TREE, { lamp: ['Fashion', 'Bags'], RUG: ['Home', 'Floor'] })).toEqual({
      Fashion: { Shoes: ['SHOES', 'BOOT'], Bags: ['HANDBAG', 'LAMP'] },
      Home: { Floor: ['RUG'] },
    });
    expect(withPlaces(TREE)).toEqual(TREE);
  });

  it('knows its classes however they are written, and the recipe’s own labels', () => {
    const placeOf = placesIn(TREE, (text) => text.toUpperCase(), ['other', 'boot']);
    expect(placeOf('Boot')).toEqual({ coarse: 'Fashion', middle: 'Shoes', fine: 'BOOT' });
    expect(placeOf('other')).toEqual({ coarse: 'other', middle: 'other', fine: 'other' });
    expect(placeOf('RUG')).toBeUndefined();
    expect(placesIn(TREE, own)('constructor')).toBeUndefined();
  });

  it('is written as YAML that gives it again, whatever its names are', () => {
    const tree: CategoryTree = {
      'a: b': { '#c': ['yes', '{d}'], '- e': ["it's"] },
      是: { 'é "q"': ['null'] },
    };
    const agreement = { coarse: 0.5 };
    const byClass = pathsOf(tree).map((path) => ({ ...path, photos: 2, photosWithNodes: 1, agreement }));
    const counts = {
      photos: 8,
      photosWithNodes: 4,
      classes: 4,
      classesWithNodes: 4,
      catalogues: 1,
      nodes: 3,
      aligned: 0,
    };
    const text = treeYaml({ tree, figures: { ...counts, agreement, byClass } }, 'Title');
    expect(parseYaml(text)).toEqual(tree);
    expect(text).toMatch(/^# Title\n# Coverage: 4 of 4 classes and 4 of 8 photos/);
    expect(text).toContain('# 2 photos, 1 with nodes; agreement 50.0 %, unknown');
  });
});

describe('the tree that comes with the product', () => {
  const FILE = fileURLToPath(new URL('../../../recipes/trees/product_type.yaml', import.meta.url));
  let tree: CategoryTree;
  beforeAll(async () => {
    tree = await loadTree(FILE);
  });

  /** The classes of the post's second iteration, and three that it drops or merges. */
  const V2 =
    'CELLULAR_PHONE_CASE SHOES GROCERY HOME CHAIR SOFA HEALTH_PERSONAL_CARE TABLE HANDBAG PET_SUPPLIES HARDWARE_HANDLE KITCHEN SPORTING_GOODS LAMP SANDAL BOOT LIGHT_FIXTURE FINENECKLACEBRACELETANKLET RUG LIGHT_BULB OUTDOOR_LIVING STOOL_SEATING SUITCASE FINEEARRING ACCESSORY FINERING TOOLS JANITORIAL_SUPPLY OTTOMAN BEAUTY PORTABLE_ELECTRONIC_DEVICE_COVER WALL_ART SHELF CABINET';
  const MORE = ['HOME_FURNITURE_AND_DECOR', 'HOME_BED_AND_BATH', 'OFFICE_PRODUCTS'];

  it('has each of 37 classes in exactly one path of three levels', () => {
    const classes = pathsOf(tree).map(({ fine }) => fine);
    expect(V2.split(' ')).toHaveLength(34);
    expect([...classes].sort()).toEqual([...V2.split(' '), ...MORE].sort());
    expect(new Set(classes).size).toBe(37);
    for (const path of pathsOf(tree)) {
      for (const name of [path.coarse, path.middle, path.fine]) expect(name).toMatch(/^[A-Z_]+$/);
    }
  });

  it.skipIf(absent(SAMPLE))('has all 21 classes of the sample', async () => {
    const context = testContext();
    const source = await aboSource({ dir: SAMPLE, signal: context.signal });
    const counts = new Map<string, number>();
    for await (const listing of runStage(parse(), source.rows(context.signal), context)) {
      const type = listing.attributes['product_type']?.[0]?.value;
      if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    const large = [...counts].filter(([, photos]) => photos >= 100).map(([name]) => name);
    expect(large).toHaveLength(21);
    const placeOf = placesIn(tree, own);
    for (const name of large) expect([name, placeOf(name)?.fine]).toEqual([name, name]);
  });
});
