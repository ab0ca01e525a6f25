import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPLORATION_DEFAULTS } from '#src/explore/defaults.js';
import { type ExplorationOptions, exploration } from '#src/explore/exploration.js';
import { gathered, likeNames } from '#src/explore/suggestions.js';
import { recipeSchema } from '#src/recipe.js';
import type { Listing } from '#src/records.js';
import type { ImageRow } from '#src/sources/source.js';

const OPTIONS: ExplorationOptions = {
  task: 'product_type',
  most: 20,
  minPerClass: 2,
  boilerplate: { listings: 4, types: 3 },
};
/** x stands in five listings and has three types, which is not more. */
const KEEPING: ExplorationOptions = { ...OPTIONS, boilerplate: { listings: 5, types: 3 } };

function item(
  itemId: string,
  type: string | undefined,
  images: string[],
  more: Listing['attributes'] = {},
): Listing {
  const [mainImageId, ...otherImageIds] = images;
  return {
    itemId,
    ...(mainImageId !== undefined && { mainImageId }),
    otherImageIds,
    attributes: { ...(type !== undefined && { product_type: [{ value: type }] }), ...more },
    digest: itemId,
  };
}

function row(imageId: string, width: number, height: number, path = `xx/${imageId}.jpg`): ImageRow {
  return { imageId, path, width, height };
}

function exploreOf(listings: readonly Listing[], rows: readonly ImageRow[] = [], options = OPTIONS) {
  const seen = exploration(options);
  for (const listing of listings) seen.listing(listing);
  for (const one of rows) seen.image(one);
  return seen.result();
}

/** Six listings: p stands in two of one type and one of another; x in five of them. */
const LISTINGS = [
  item('1', 'SHOE', ['p', 'x'], { color: [{ value: 'Black', language: 'en_US' }, { value: 'Schwarz', language: 'de_DE' }] }),
  item('2', 'SHOE', ['p', 'q', 'x'], { color: [{ value: 'black', language: 'en_GB' }] }),
  item('3', 'BOOT', ['p', 'r', 'x'], { color: [{ value: 'Red', language: 'en_US', standardized: ['Red'] }] }),
  item('4', 'BOOT', ['s', 'x', 's'], { item_height: [{ value: '2', unit: 'inches' }], item_width: [{ value: '3', unit: 'inches' }] }),
  item('5', 'BOOTS', ['t', 'x']),
  item('6', undefined, []),
]; // biome-ignore format: one a line
const ROWS = [
  row('p', 100, 100),
  row('q', 200, 100),
  row('r', 100, 300),
  row('s', 300, 200),
  row('x', 0, 0),
  row('p', 7, 7),
  row('orphan', 1000, 990, 'xx/p.jpg'),
];

describe('an exploration', () => {
  const found = exploreOf(LISTINGS, ROWS);
  const key = (name: string) => found.keys.find((one) => one.name === name)!;

  it('profiles each of the 28 keys', () => {
    expect(found.listings).toBe(6);
    expect(found.keys).toHaveLength(28);
    expect(key('product_type')).toMatchObject({
      present: 5,
      missing: 1,
      distinct: { count: 3, approximate: false },
    });
    expect(key('product_type').information).toBeUndefined();
    expect(key('color')).toMatchObject({
      present: 3,
      missing: 3,
      values: 4,
      multilingual: 1,
      standardized: 1,
    });
    expect(key('color').distinct.count).toBe(4);
    expect(key('color').languages).toEqual([
      { language: 'en_US', listings: 2 },
      { language: 'de_DE', listings: 1 },
      { language: 'en_GB', listings: 1 },
    ]);
    // Compared without case, shown in one of the ways it is written.
    expect(key('color').top).toEqual([
      { value: 'Black', listings: 2 },
      { value: 'Red', listings: 1 },
    ]);
    expect(key('item_dimensions').top).toEqual([]);
    expect(key('item_dimensions').present).toBe(1);
    expect(key('material')).toMatchObject({ present: 0, missing: 6, values: 0, top: [] });
  });

  it('measures what a colour tells of a type: black, black, red against shoe, shoe, boot', () => {
    const { records, bits, entropy, chance, adjusted } = key('color').information!;
    const third = -(1 / 3) * Math.log2(1 / 3) - (2 / 3) * Math.log2(2 / 3);
    expect(records).toBe(3);
    expect(bits).toBeCloseTo(third, 12);
    expect(entropy).toBeCloseTo(third, 12);
    // Of the three places for the red one, one is the boot (all bits); else the table is [[1, 1], [1, 0]].
    const mixed = (1 / 3) * Math.log2(3 / 4) + 2 * (1 / 3) * Math.log2(3 / 2);
    expect(chance).toBeCloseTo((third + 2 * mixed) / 3, 12);
    expect(adjusted).toBeCloseTo(1, 12);
  });

  it('counts classes, photos and views', () => {
    expect(found.classes).toEqual([
      { name: 'BOOT', photos: 4 },
      { name: 'SHOE', photos: 3 },
      { name: 'BOOTS', photos: 2 },
    ]);
    expect(found.photos).toEqual({
      named: 6,
      views: 12,
      notInTable: 1,
      byListings: [
        { listings: 1, photos: 4 },
        { listings: 3, photos: 1 },
        { listings: 5, photos: 1 },
      ],
    });
    expect(found.breakdowns.map(({ name }) => name)).toEqual([
      'product_type',
      'brand',
      'color',
      'country',
      'language',
    ]);
    expect(found.breakdowns[0]).toEqual({
      name: 'product_type',
      classes: 3,
      listings: 5,
      top: [
        { value: 'BOOT', listings: 2 },
        { value: 'SHOE', listings: 2 },
        { value: 'BOOTS', listings: 1 },
      ],
      singles: 1,
      classesFor: { half: 2, nineTenths: 3, nearlyAll: 3 },
    });
  });

  it('reads the image table', () => {
    const { aspects, sides, ...table } = found.table;
    expect(table).toEqual({
      images: 6,
      repeatedIds: 1,
      repeatedPaths: 1,
      orphans: 1,
      sizeUnknown: 1,
      width: { least: 100, p5: 100, median: 200, p95: 1000, most: 1000 },
      height: { least: 100, p5: 100, median: 200, p95: 990, most: 990 },
    });
    const filled = (bins: typeof aspects) =>
      bins.filter(({ photos }) => photos > 0).map(({ name, photos }) => [name, photos]);
    expect(filled(aspects)).toEqual([
      ['narrower than 1:2', 1],
      ['square', 2],
      ['4:3 to 2:1', 2],
    ]);
    expect(filled(sides)).toEqual([
      ['up to 256 px', 2],
      ['257 to 500 px', 2],
      ['501 to 1000 px', 1],
    ]);
  });

  it('finds boilerplate, conflicts and classes on the same photos', () => {
    expect(found.boilerplate).toMatchObject({ photos: 1, views: 5 });
    expect(found.boilerplate.most).toEqual([{ imageId: 'x', listings: 5, types: 3 }]);
    const conflict = (name: string) => found.conflicts.find((one) => one.name === name);
    // p and x stand in several listings: both have two types, and black beside red.
    expect(conflict('product_type')).toEqual({ name: 'product_type', compared: 2, conflicting: 2 });
    expect(conflict('color')).toEqual({ name: 'color', compared: 2, conflicting: 2 });
    expect(conflict('brand')).toEqual({ name: 'brand', compared: 0, conflicting: 0 });
    // What says nothing of its items joins no classes either.
    expect(found.pairs).toEqual([{ a: 'BOOT', b: 'SHOE', photos: 1, share: 1 / 3 }]);
    expect(exploreOf(LISTINGS, ROWS, KEEPING).pairs).toEqual([
      { a: 'BOOT', b: 'SHOE', photos: 2, share: 2 / 3 },
      { a: 'BOOT', b: 'BOOTS', photos: 1, share: 1 / 2 },
      { a: 'BOOTS', b: 'SHOE', photos: 1, share: 1 / 2 },
    ]);
  });

  it('suggests with evidence', () => {
    const { suggestions } = exploreOf(LISTINGS, ROWS, { ...KEEPING, minPerClass: 3 });
    const said = suggestions.map(({ action, names, reason }) => [action, names.join(' > '), reason]);
    expect(said.filter(([action]) => action !== 'ignore')).toEqual([
      ['merge', 'BOOTS > BOOT', 'like-names'],
      ['merge', 'SHOE > BOOT', 'shared-photos'],
      ['drop', 'BOOTS', 'few-photos'],
    ]);
    expect(said).toContainEqual(['ignore', 'material', 'rarely-filled']);
    expect(suggestions.find(({ reason }) => reason === 'shared-photos')!.evidence).toBe(
      'listings of both show the same 2 photos: 66.7 % of the smaller class',
    );
    expect(found.suggestions.find(({ action }) => action === 'prune')).toMatchObject({
      reason: 'boilerplate',
      evidence: '1 photo stands in more than 4 listings or of more than 3 product types: 5 views in all',
    });
  });

  it('learns any key, and tells which language stands for a listing', () => {
    const german = exploreOf(LISTINGS, [], { ...OPTIONS, task: 'color', languages: ['de_*'] });
    expect(german.classes).toEqual([{ name: 'Schwarz', photos: 2 }]);
    const odd = [
      item('1', 'A', ['p'], { odd: [{ value: '1' }] }),
      item('2', 'A', [], { __proto__x: [{ value: '2' }] }),
    ];
    expect(
      exploreOf(odd)
        .keys.slice(28)
        .map(({ name }) => name),
    ).toEqual(['__proto__x', 'odd']);
  });

  it('gathers suggestions that are alike', () => {
    const { suggestions } = exploreOf(LISTINGS, ROWS, { ...KEEPING, minPerClass: 4 });
    const told = gathered(suggestions).map(({ action, members, evidence }) => [
      action,
      members.length,
      evidence,
    ]);
    expect(told.slice(0, 3)).toEqual([
      ['merge', 1, 'their names differ in case, punctuation or a plural alone; 2 and 4 photos'],
      ['merge', 1, 'listings of both show the same 2 photos: 66.7 % of the smaller class'],
      ['drop', 2, '3 photos or fewer each, 5 in all'],
    ]);
    expect(told.at(-1)).toEqual(['ignore', 22, 'no listing has them']);
    expect(gathered(suggestions).flatMap(({ members }) => members)).toHaveLength(suggestions.length);
  });

  it('calls boilerplate what a recipe does: by product types, whatever the task', () => {
    const sizes = LISTINGS.map((one, index) => ({
      ...one,
      attributes: { ...one.attributes, style: [{ value: `style ${index}` }] },
    }));
    const limits = { ...OPTIONS, boilerplate: { listings: 5, types: 3 } };
    // x has five styles, and three types.
    expect(exploreOf(sizes, ROWS, { ...limits, task: 'style' }).boilerplate.photos).toBe(0);
    const strict = { ...limits, task: 'style', boilerplate: { listings: 5, types: 2 } };
    expect(exploreOf(sizes, ROWS, strict).boilerplate.most).toEqual([
      { imageId: 'x', listings: 5, types: 3 },
    ]);
    expect(EXPLORATION_DEFAULTS.boilerplate).toEqual(recipeSchema.shape.deduplicate.parse({}).boilerplate);
  });

  it('takes the image table before the listings as after them', () => {
    const seen = exploration(OPTIONS);
    expect(ROWS.map(seen.image)).toEqual([true, true, true, true, true, false, true]);
    for (const listing of LISTINGS) seen.listing(listing);
    expect(seen.result()).toEqual(found);
  });

  it('is the same in any order', () => {
    const text = fc.constantFrom('A', 'a', 'B', 'Bs', 'C', 'ｃ');
    const listing = fc
      .tuple(
        fc.option(text),
        fc.array(fc.constantFrom('p', 'q', 'r', 's'), { maxLength: 3 }),
        fc.option(text),
        fc.option(text),
      )
      .map(([type, images, color, name]) =>
        item('i', type ?? undefined, images, {
          ...(color !== null && { color: [{ value: color, language: 'en_US' }] }),
          ...(name !== null && { item_name: [{ value: name }] }),
        }),
      );
    fc.assert(
      fc.property(
        fc
          .array(listing, { maxLength: 14 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(exploreOf(shuffled, [...ROWS.slice(0, 5)].reverse())).toEqual(
            exploreOf(all, ROWS.slice(0, 5)),
          );
        },
      ),
    );
  });
});

it('finds names that are one but for case, punctuation and a plural', () => {
  expect(
    likeNames(['TOTE_BAG', 'Tote bags', 'GLASS', 'GLASSES', 'BODY', 'BODIES', 'HAT', 'HAIR', '—', '…']),
  ).toEqual([
    ['BODIES', 'BODY'],
    ['GLASS', 'GLASSES'],
    ['TOTE_BAG', 'Tote bags'],
  ]);
});
