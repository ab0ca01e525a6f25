import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomSource } from '#src/random.js';
import { asciiJson, listingRow } from '#src/synth/listing.js';
import { type ProductPlan, planDump, TRAITS } from '#src/synth/plan.js';

const plan = (seed: number, listings: number): ProductPlan[] => [
  ...planDump(randomSource(seed, 'synth'), listings),
];

it('plans exactly the listings asked for, in order, for any number of them', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 350 }), (seed, listings) => {
      const indices = plan(seed, listings).flatMap((product) => product.listings.map(({ index }) => index));
      expect(indices).toEqual(Array.from({ length: listings }, (_, index) => index));
    }),
    { numRuns: 40 },
  );
});

it('gives each photo an id and a path of its own', () => {
  fc.assert(
    fc.property(fc.nat(1000), (seed) => {
      const photos = plan(seed, 300).flatMap((product) => product.photos);
      expect(new Set(photos.map(({ imageId }) => imageId)).size).toBe(photos.length);
      expect(new Set(photos.map(({ path }) => path)).size).toBe(photos.length);
    }),
    { numRuns: 20 },
  );
});

it('has every trait in every hundred listings, as often as promised', () => {
  fc.assert(
    fc.property(fc.nat(1000), (seed) => {
      const products = plan(seed, 200);
      for (const [trait, [count, listings]] of Object.entries(TRAITS)) {
        const found = products.filter((product) => product.trait === trait);
        expect(found, trait).toHaveLength(2 * count);
        for (const product of found) expect(product.listings, trait).toHaveLength(listings);
      }
    }),
    { numRuns: 20 },
  );
});

it('keeps a longer dump beginning as a shorter one, apart from the shorter one’s last hundred', () => {
  expect(plan(3, 500).slice(0, 100)).toEqual(plan(3, 200).slice(0, 100));
});

it('writes rows in ASCII that say what is meant', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const json = asciiJson({ text });
      expect(json).toMatch(/^[\x20-\x7f]*$/);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});

it('leaves fields out, names several languages and takes both shapes of a type and a node', () => {
  const random = randomSource(1, 'synth');
  const rows = plan(1, 600).flatMap(({ ordinal, listings }) =>
    listings.map((listing) => JSON.parse(listingRow(random, listing, ordinal)) as Record<string, unknown>),
  );
  const share = (holds: (row: Record<string, unknown>) => boolean) => rows.filter(holds).length / rows.length;
  for (const name of ['product_type', 'color', 'brand', 'node', 'item_weight', 'material', 'model_year']) {
    expect(
      share((row) => name in row),
      name,
    ).toBeGreaterThan(0.15);
    expect(
      share((row) => name in row),
      name,
    ).toBeLessThan(1);
  }
  expect(share((row) => typeof row['product_type'] === 'string')).toBeGreaterThan(0);
  expect(share((row) => Array.isArray(row['product_type']))).toBeGreaterThan(0.8);
  expect(share((row) => (row['item_name'] as unknown[]).length > 1)).toBeGreaterThan(0.05);
  const nodes = rows.flatMap((row) => (row['node'] as object[] | undefined) ?? []);
  expect(nodes.some((node) => 'path' in node)).toBe(true);
  expect(nodes.some((node) => 'node_name' in node)).toBe(true);
  const tags = new Set(
    rows.flatMap((row) => (row['item_name'] as { language_tag?: string }[]).map((one) => one.language_tag)),
  );
  expect(tags.has(undefined)).toBe(true);
  expect(tags.size).toBeGreaterThan(8);
  expect(new Set(rows.map((row) => row['domain_name'])).size).toBeGreaterThan(8);
});
