import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelledPhoto, Photo, Sample, Side } from '#src/records.js';
import type { ImageRow, RawRow } from '#src/sources/source.js';
import { assertBalanced, assertChained, runStage } from '#src/stage.js';
import { balance } from '#src/stages/balance.js';
import { type DeduplicateOptions, deduplicate } from '#src/stages/deduplicate.js';
import { explode } from '#src/stages/explode.js';
import { join } from '#src/stages/join.js';
import { label } from '#src/stages/label.js';
import { parse } from '#src/stages/parse.js';
import { split } from '#src/stages/split.js';
import { collect, runOver, stream, testContext } from '../context.js';

const METHODS = ['stratified', 'hash'] as const;
const UNITS = ['component', 'image'] as const;

/** A row as dumps have them, or anything else that a line can be. */
const row = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record(
        {
          item_id: fc.nat(9).map((id) => `I${id}`),
          main_image_id: fc.nat(14).map((id) => `m${id}`),
          other_image_id: fc.array(
            fc.nat(14).map((id) => `m${id}`),
            { maxLength: 4 },
          ),
          product_type: fc.array(fc.record({ value: fc.constantFrom('CHAIR', 'chair', 'LAMP', 'RUG') }), {
            maxLength: 2,
          }),
          color: fc.oneof(fc.string(), fc.jsonValue()),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
);
const rows = fc
  .array(row, { maxLength: 30 })
  .map((texts) => texts.map((text, index): RawRow => ({ text, shard: 'listings_0.json', line: index + 1 })));
/** An image table that knows some of the images, some under paths that lead out or are not there. */
const table = fc.array(
  fc.record({
    id: fc.nat(16),
    path: fc.constantFrom('a', 'b', '../out', 'gone').map((folder) => folder),
  }),
  { maxLength: 24 },
);

/** Rows that are all good, of items that share photos now and then, so that most of them become samples. */
const goodRows = fc
  .array(
    fc.record({
      item_id: fc.nat(30).map((id) => `I${id}`),
      main_image_id: fc.nat(30).map((id) => `m${id}`),
      product_type: fc.constantFrom('CHAIR', 'LAMP').map((value) => [{ value }]),
    }),
    { minLength: 6, maxLength: 24 },
  )
  .map((list) =>
    list.map(
      (value, index): RawRow => ({ text: JSON.stringify(value), shard: 'listings_0.json', line: index + 1 }),
    ),
  );
const wholeTable = Array.from({ length: 31 }, (_, id) => ({ id, path: 'a' }));

const tableRows = (images: readonly { id: number; path: string }[]): ImageRow[] =>
  images.map(({ id, path }) => ({
    imageId: `m${id}`,
    path: `${path}/${id}.jpg`,
    width: 10 + id,
    height: 10,
  }));

const imagesRoot = {
  path: '/images',
  look: async (path: string) =>
    path.startsWith('..')
      ? ('path-outside' as const)
      : path.startsWith('gone')
        ? ('file-missing' as const)
        : ('there' as const),
  placeOf: (path: string) => `/images/${path}`,
  identity: async () => 'x',
};

const DEDUPLICATE = { conflicts: 'majority', same: [], family: ['item'] } as const;

/** The whole of curation on metadata alone. */
async function curated(
  input: readonly RawRow[],
  images: readonly ImageRow[],
  options: { cap?: number; by?: 'component' | 'image'; previous?: Map<string, Side> } = {},
) {
  const context = testContext({ maxBad: 1 });
  const { cap, by = 'component', previous } = options;
  const sides = new Map<string, Side>();
  const old: Pick<DeduplicateOptions, 'previous'> = previous
    ? { previous: { sides: previous, keep: (component, side) => sides.set(component, side) } }
    : {};
  const views = runStage(explode({ views: 'all' }), runStage(parse(), stream(input), context), context);
  const found = join({ images: () => stream(images), imagesRoot, photos: 'stat' });
  const unread = deduplicate({ ...DEDUPLICATE, ...old, photos: 'none' });
  const photos: Photo[] = await collect(runStage(unread, runStage(found, views, context), context));
  const labelled = runStage(
    label({ task: 'product_type', minPerClass: 2, drop: ['RUG'], merge: {} }),
    stream(photos),
    context,
  );
  const balanced = runStage(balance({ task: 'product_type', ...(cap && { cap }) }), labelled, context);
  const stage = split({ task: 'product_type', by, method: 'stratified', validation: 0.1, test: 0.3, sides });
  const samples: Sample[] = await collect(runStage(stage, balanced, context));
  return { context, photos, samples };
}

describe('stages', () => {
  it('add up and follow one another for any input', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        table,
        fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        async (input, images, cap) => {
          const { context, photos, samples } = await curated(
            input,
            tableRows(images),
            cap === undefined ? {} : { cap },
          );
          const { counts, entries } = context;
          expect(counts.map(({ name }) => name)).toEqual([
            'parse',
            'explode',
            'join',
            'deduplicate',
            'label',
            'balance',
            'split',
          ]);
          for (const one of counts) {
            assertBalanced(one);
            for (const fate of ['dropped', 'merged', 'capped', 'quarantined'] as const) {
              const lines = entries.filter((entry) => entry.stage === one.name && entry.fate === fate);
              expect(lines.length, `${one.name} ${fate}`).toBe(one[fate]);
            }
          }
          assertChained(counts);
          expect(counts[0]!.in).toBe(input.length);
          // Every photo is a sample, or one line of the ledger says why not.
          const left = entries
            .filter(({ task, fate }) => task !== undefined && fate !== 'conflict')
            .map(({ key }) => key);
          const told = [...samples.map(({ imageId }) => imageId), ...left].sort();
          expect(told).toEqual(photos.map(({ imageId }) => imageId).sort());
        },
      ),
      { numRuns: 150 },
    );
  });

  it('never put an item on two sides, in whatever order the rows arrive', async () => {
    await fc.assert(
      fc.asyncProperty(goodRows, async (input) => {
        const known = tableRows(wholeTable);
        const { photos, samples } = await curated(input, known);
        const sides = new Map(samples.map(({ imageId, split }) => [imageId, split]));
        const ofItem = new Map<string, Side>();
        for (const { imageId, items } of photos) {
          const side = sides.get(imageId);
          if (side === undefined) continue;
          for (const item of items) {
            expect(ofItem.get(item) ?? side).toBe(side);
            ofItem.set(item, side);
          }
        }
        const again = await curated([...input].reverse(), known);
        const components = (list: readonly Photo[]) =>
          Object.fromEntries(list.map((photo) => [photo.imageId, photo.component]));
        expect(components(again.photos)).toEqual(components(photos));
      }),
      { numRuns: 100 },
    );
  });

  it('never move an old side, whatever comes on top', async () => {
    await fc.assert(
      fc.asyncProperty(goodRows, goodRows, fc.boolean(), async (input, more, turned) => {
        const known = tableRows(wholeTable);
        const first = await curated(input, known, { by: 'component' });
        const sides = new Map(first.samples.map(({ imageId, split }) => [imageId, split]));
        const then = [...more, ...input].map((one, index) => ({ ...one, line: index + 1 }));
        const { photos, samples } = await curated(turned ? [...then].reverse() : then, known, {
          previous: sides,
        });
        for (const { imageId, split } of samples) expect(sides.get(imageId) ?? split, imageId).toBe(split);
        // Old photos are never left out, and no item crosses.
        const kept = new Set(photos.map(({ imageId }) => imageId));
        for (const imageId of sides.keys()) expect(kept.has(imageId), imageId).toBe(true);
        const now = new Map(samples.map(({ imageId, split }) => [imageId, split]));
        const ofItem = new Map<string, Side>();
        for (const { imageId, items } of photos) {
          const side = now.get(imageId);
          for (const item of side === undefined ? [] : items) {
            expect(ofItem.get(item) ?? side, item).toBe(side);
            ofItem.set(item, side!);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('split', () => {
  const photos = fc
    .array(fc.record({ label: fc.constantFrom('A', 'B', 'C'), component: fc.nat(20) }), { maxLength: 80 })
    .map((list) =>
      list.map(
        ({ label: name, component }, index): LabelledPhoto => ({
          path: `${index}.jpg`,
          file: '',
          label: name,
          component: `c${component}`,
          imageId: `i${index}`,
          sha256: '',
          task: 't',
        }),
      ),
    );
  const shares = fc.record({
    validation: fc.double({ min: 0, max: 0.4, noNaN: true }),
    test: fc.double({ min: 0, max: 0.5, noNaN: true }),
  });

  it('gives every photo one and the same side, whatever the order of arrival and the number of workers', async () => {
    await fc.assert(
      fc.asyncProperty(
        photos,
        shares,
        fc.constantFrom(...METHODS),
        fc.constantFrom(...UNITS),
        fc.integer({ min: 1, max: 8 }),
        fc.infiniteStream(fc.nat(1e6)),
        async (list, share, method, by, workers, draws) => {
          const options = { by, method, ...share };
          const sidesOf = (samples: readonly Sample[]) =>
            Object.fromEntries(samples.map((one) => [one.imageId, one.split]));
          const samples = await runOver(split(options), list, testContext());
          const shuffled = list
            .map((photo) => [draws.next().value as number, photo] as const)
            .sort(([a], [b]) => a - b)
            .map(([, photo]) => photo);
          const again = await runOver(split(options), shuffled, testContext({ workers }));
          expect(sidesOf(again)).toEqual(sidesOf(samples));
          for (const side of ['validation', 'test'] as const) {
            if (share[side] === 0) expect(samples.some((one) => one.split === side)).toBe(false);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps the sides that are there, with photos more or fewer', async () => {
    await fc.assert(
      fc.asyncProperty(
        photos,
        photos,
        shares,
        fc.constantFrom(...METHODS),
        async (before, after, share, method) => {
          const sides = new Map<string, Side>();
          const options = { by: 'component', method, ...share, sides } as const;
          await runOver(split(options), before, testContext());
          const decided = new Map(sides);
          const samples = await runOver(split(options), after, testContext());
          for (const { component, split: side } of samples) expect(decided.get(component) ?? side).toBe(side);
          for (const [component, side] of decided) expect(sides.get(component)).toBe(side);
          // By hash a side is a function of its component alone: it needs no memory of the older ones.
          if (method === 'hash') {
            const fresh = await runOver(split({ by: 'component', method, ...share }), after, testContext());
            expect(fresh).toEqual(samples);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
