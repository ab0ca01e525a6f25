import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchKey } from '#src/attributes.js';
import { buildTree } from '#src/labels/tree/build.js';
import { type Concept, conceptsOf } from '#src/labels/tree/concepts.js';
import { type ClassedItems, type Evidence, nodeEvidence } from '#src/labels/tree/evidence.js';
import { treeFigures } from '#src/labels/tree/figures.js';
import { collectNodes, type ListingNodes } from '#src/labels/tree/nodes.js';
import { type CategoryTree, pathsOf, treeSchema } from '#src/labels/tree/tree.js';
import type { Listing } from '#src/records.js';
import { truthNodes } from '#src/synth/nodes.js';
import { syntheticListings } from './synthetic.js';

function built(photos: readonly ClassedItems[], nodes: ListingNodes) {
  const evidence = nodeEvidence(photos, nodes);
  const concepts = conceptsOf(evidence);
  return { evidence, concepts, tree: buildTree(evidence.classes.keys(), concepts) };
}

/** The classes of each group, whatever the groups are called. */
function partition(tree: CategoryTree): string[][][] {
  const coarse = Object.values(tree).map((middles) =>
    Object.values(middles)
      .map((classes) => [...classes].sort())
      .sort(),
  );
  return coarse.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Of pairs of nodes that the truth knows: how many are joined rightly, wrongly, and not joined. */
function scoreAlignment({ nodes }: Evidence, concepts: readonly Concept[]) {
  const truth = new Map<string, string>();
  for (const [id, byLanguage] of Object.entries(truthNodes().categories)) {
    for (const path of Object.values(byLanguage)) truth.set(matchKey(path), id);
  }
  const conceptOf = new Map(concepts.flatMap(({ nodes: own }, at) => own.map((node) => [node, at])));
  const known = nodes
    .map(({ names }, node) => ({
      concept: conceptOf.get(node)!,
      truth: truth.get(matchKey(names.join('/'))),
    }))
    .filter((one) => one.truth !== undefined);
  let [right, wrong, missed] = [0, 0, 0];
  for (const [at, a] of known.entries()) {
    for (const b of known.slice(0, at)) {
      const same = a.truth === b.truth;
      if (a.concept !== b.concept) missed += same ? 1 : 0;
      else if (same) right += 1;
      else wrong += 1;
    }
  }
  return { precision: right / (right + wrong), recall: right / (right + missed), nodes: known.length };
}

describe('a tree built from nodes', () => {
  it('aligns the nodes of four languages and finds the tree that synthetic listings were drawn from', () => {
    const languages = ['en', 'de', 'fr', 'es'];
    const { photos, nodes } = syntheticListings(8000, { languages });
    const { evidence, concepts, tree } = built(photos, nodes);
    const { precision, recall, nodes: scored } = scoreAlignment(evidence, concepts);
    // 3 coarse, 6 middle groups and 12 classes in each language.
    expect(scored).toBe(4 * 21);
    expect(precision).toBeGreaterThan(0.97);
    expect(recall).toBeGreaterThan(0.9);
    expect(partition(tree)).toEqual(partition(truthNodes().tree));
    expect(Object.keys(tree)).toEqual(['Clothing & Shoes', 'Electronics', 'Home & Kitchen']);
    const { agreement, classes, classesWithNodes } = treeFigures(tree, evidence, concepts);
    expect(classesWithNodes).toBe(classes);
    expect(agreement.coarse).toBeGreaterThan(0.95);
    expect(agreement.middle).toBeGreaterThan(0.93);
  });

  it.each([1, 2, 3])('finds it in seven languages, one without coarse groups (seed %i)', (seed) => {
    const { photos, nodes } = syntheticListings(2500, { seed });
    const { tree } = built(photos, nodes);
    expect(partition(tree)).toEqual(partition(truthNodes().tree));
  });

  it('agrees less with a tree that the nodes do not support', () => {
    const { photos, nodes } = syntheticListings(2500);
    const { evidence, concepts, tree } = built(photos, nodes);
    const names = pathsOf(tree).map(({ fine }) => fine);
    const wrong = {
      A: { B: names.filter((_, at) => at % 2 === 0) },
      C: { D: names.filter((_, at) => at % 2 === 1) },
    };
    const right = treeFigures(tree, evidence, concepts).agreement.coarse!;
    expect(treeFigures(wrong, evidence, concepts).agreement.coarse ?? 0).toBeLessThan(right - 0.2);
  });
});

/** Listings by hand: item, marketplace, class, node. */
type Row = readonly [item: string, domain: string, label: string, node: string];

function listed(rows: readonly Row[]): { photos: ClassedItems[]; nodes: ListingNodes } {
  const nodes = collectNodes();
  const photos = new Map<string, { label: string; items: string[] }>();
  for (const [item, domain, label, node] of rows) {
    // A product is one photo that all its marketplaces' items show.
    const own = `${item}-${domain}`;
    nodes.observe({
      itemId: own,
      domain,
      otherImageIds: [],
      attributes: {
        item_name: [{ value: 'x', language: domain === 'us' ? 'en_US' : 'nl_NL' }],
        node: [{ value: node }],
      },
      digest: '',
    } satisfies Listing);
    const photo = photos.get(item) ?? { label, items: [] };
    photo.items.push(own);
    photos.set(item, photo);
  }
  return { photos: [...photos.values()], nodes };
}

const times = (count: number, row: (at: number) => readonly Row[]) =>
  Array.from({ length: count }, (_, at) => row(at)).flat();

describe('nodes by hand', () => {
  it('are joined by the products that they share, in whatever order marketplaces divide', () => {
    // As the two genuine rows of one product: Women above Shoes here, Shoes above Women's Shoes there.
    const rows = [
      ...times(6, (at): Row[] => [
        [`shoe${at}`, 'us', 'SHOES', '/Categories/Shoes/Women’s Shoes/Court Shoes'],
        [`shoe${at}`, 'nl', 'SHOES', '/Categorieën/Dames/Schoenen/Pumps'],
      ]),
      ...times(6, (at): Row[] => [
        [`boot${at}`, 'us', 'BOOT', '/Categories/Shoes/Women’s Shoes/Boots'],
        [`boot${at}`, 'nl', 'BOOT', '/Categorieën/Dames/Schoenen/Laarzen'],
      ]),
      ...times(6, (at): Row[] => [
        [`bag${at}`, 'us', 'HANDBAG', '/Self Service/Categories/Bags/Handbags'],
        [`bag${at}`, 'nl', 'HANDBAG', '/Categorieën/Dames/Tassen'],
      ]),
      ...times(6, (at): Row[] => [
        [`rug${at}`, 'us', 'RUG', '/Categories/Home/Rugs'],
        [`rug-${at}`, 'nl', 'RUG', '/Categorieën/Wonen/Tapijten'],
      ]),
      ...times(6, (at): Row[] => [
        [`lamp${at}`, 'us', 'LAMP', '/Categories/Home/Lamps'],
        [`lamp-${at}`, 'nl', 'LAMP', '/Categorieën/Wonen/Lampen'],
      ]),
    ];
    const { photos, nodes } = listed(rows);
    const { evidence, concepts, tree } = built(photos, nodes);
    const together = (path: string) =>
      concepts
        .map((concept) => concept.nodes.map((node) => evidence.nodes[node]!.names.join('/')))
        .find((names) => names.includes(path));
    expect(together('Dames/Schoenen/Pumps')).toContain('Shoes/Women’s Shoes/Court Shoes');
    expect(together('Dames/Schoenen')).toEqual(expect.arrayContaining([expect.stringMatching(/^Shoes/)]));
    expect(together('Dames/Tassen')).toEqual(expect.arrayContaining([expect.stringMatching(/^Bags/)]));
    expect(evidence.nodes.map(({ names }) => names[0])).not.toContain('Categories');
    expect(evidence.nodes.map(({ names }) => names[0])).not.toContain('Self Service');
    const paths = Object.fromEntries(pathsOf(tree).map((path) => [path.fine, path]));
    expect(paths['SHOES']!.coarse).toBe(paths['BOOT']!.coarse);
    expect(paths['SHOES']!.coarse).toBe('Shoes');
    expect(paths['RUG']!.coarse).toBe('Home');
    expect(paths['LAMP']!.coarse).toBe('Home');
    expect(paths['HANDBAG']!.coarse).not.toBe(paths['SHOES']!.coarse);
  });

  it('leave a class that no node speaks of a group of its own', () => {
    const { photos, nodes } = listed([
      ...times(4, (at): Row[] => [[`a${at}`, 'us', 'A', '/Categories/X/One']]),
      ...times(4, (at): Row[] => [[`b${at}`, 'us', 'B', '/Categories/X/Two']]),
      ...times(4, (at): Row[] => [[`c${at}`, 'us', 'C', '/Categories/Y']]),
    ]);
    const { tree } = built([...photos, { label: 'D', items: ['none'] }], nodes);
    expect(pathsOf(tree)).toContainEqual({ coarse: 'D', middle: 'D', fine: 'D' });
    expect(partition(tree)).toEqual([[['A'], ['B']], [['C']], [['D']]]);
  });
});

it('puts every class in exactly one path, the same for any order of photos', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const row = fc.tuple(
    fc.integer({ min: 0, max: 12 }).map((at) => `i${at}`),
    fc.constantFrom('us', 'nl', 'de'),
    fc.array(name, { minLength: 0, maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), fc.integer(), (rows, turn) => {
      // An item's class is one for all its listings.
      const whole = rows.map(
        ([item, domain, path]): Row => [item, domain, `C${item.charCodeAt(1) % 5}`, `/${path.join('/')}`],
      );
      const { photos, nodes } = listed(whole);
      const { tree, evidence, concepts } = built(photos, nodes);
      expect(treeSchema.safeParse(tree).success).toBe(true);
      expect(
        pathsOf(tree)
          .map(({ fine }) => fine)
          .sort(),
      ).toEqual([...evidence.classes.keys()].sort());
      const figures = treeFigures(tree, evidence, concepts);
      for (const { agreement } of figures.byClass) {
        for (const share of Object.values(agreement)) expect(share).toBeGreaterThanOrEqual(0);
        for (const share of Object.values(agreement)) expect(share).toBeLessThanOrEqual(1 + 1e-9);
      }
      const cut = Math.abs(turn) % whole.length;
      const turned = listed([...whole.slice(cut), ...whole.slice(0, cut)].reverse());
      const again = built(turned.photos, turned.nodes);
      expect(again.tree).toEqual(tree);
    }),
    { numRuns: 150 },
  );
});
