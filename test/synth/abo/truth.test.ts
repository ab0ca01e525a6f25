import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSource } from '#src/random.js';
import { BOILERPLATE_TYPE, boilerplate } from '#src/synth/abo/boilerplate.js';
import { type AboPlan, imagesOf, planAbo } from '#src/synth/abo/plan.js';
import { cutProducts, scaledTypes, sizeOf } from '#src/synth/abo/products.js';
import { RULES, truthOf } from '#src/synth/abo/truth.js';

/** ABO's counts, written down a second time. */
const V2_CLASSES = `
  CELLULAR_PHONE_CASE 116771, SHOES 33804, GROCERY 26291, HOME 21534, CHAIR 10770, SOFA 6052, HEALTH_PERSONAL_CARE 5587,
  TABLE 4840, HANDBAG 4564, PET_SUPPLIES 4368, HARDWARE_HANDLE 4234, KITCHEN 3359, SPORTING_GOODS 3341, LAMP 3236,
  SANDAL 2973, BOOT 2856, LIGHT_FIXTURE 2820, FINENECKLACEBRACELETANKLET 2641, RUG 2523, LIGHT_BULB 2315,
  OUTDOOR_LIVING 2243, STOOL_SEATING 2217, SUITCASE 2195, FINEEARRING 2049, ACCESSORY 1885, FINERING 1863, TOOLS 1774,
  JANITORIAL_SUPPLY 1752, OTTOMAN 1752, BEAUTY 1693, PORTABLE_ELECTRONIC_DEVICE_COVER 1678, WALL_ART 1537, SHELF 1531,
  CABINET 1527`;
const DROPPED =
  'HOME_FURNITURE_AND_DECOR FURNITURE_COVER AUTO_ACCESSORY PANTRY COMPUTER_ADD_ON HARDWARE STORAGE_BINDER OFFICE_PRODUCTS';

const plan = (seed: number, listings: number) => planAbo(randomSource(seed, 'synth/abo'), listings);

function* listingsOf(planned: AboPlan) {
  for (let product = 0; product < planned.products; product++) yield* planned.listingsOf(product);
}

describe('at ABO’s size', () => {
  const { types, totals } = truthOf(plan(1, 147_702));

  it('has ABO’s numbers of everything', () => {
    expect(totals).toMatchObject({ listings: 147_702, tableRows: 398_212, orphans: 972, views: 826_757 });
    expect(types.filter(({ name }) => name !== null)).toHaveLength(576);
    expect(types.find(({ name }) => name === 'CELLULAR_PHONE_CASE')!.listings).toBe(64_853);
    const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
    expect(sum(types.map(({ listings }) => listings))).toBe(147_702);
    for (const rule of RULES)
      expect(sum(types.map(({ photos }) => photos[rule]))).toBe(rule === 'views' ? 826_757 : 397_240);
  });

  it('has ABO’s image counts of V2’s classes, and no others of their size', () => {
    const dropped = new Set(DROPPED.split(' '));
    const first = new Map(types.map(({ name, photos }) => [name, photos.first]));
    first.set('HOME', first.get('HOME')! + first.get('HOME_BED_AND_BATH')!);
    first.delete('HOME_BED_AND_BATH');
    const large = [...first].filter(
      ([name, images]) => name !== null && images >= 1500 && !dropped.has(name),
    );
    const classes = V2_CLASSES.trim()
      .split(/,\s+/)
      .map((one) => one.split(' '));
    expect(Object.fromEntries(large)).toEqual(
      Object.fromEntries(classes.map(([name, images]) => [name, Number(images)])),
    );
    for (const name of dropped) expect(first.get(name), name).toBeGreaterThanOrEqual(1500);
    for (const { name, known } of types) {
      if (known) expect(name).not.toMatch(/^INVENTED/);
      else if (!dropped.has(name!) && name !== null) expect(name).toMatch(/^INVENTED_TYPE_\d{3}$/);
    }
  });

  it('gives V2’s numbers where the first type counts, and others by every other rule', () => {
    const { first, last, majority, views } = totals.v2;
    expect(totals.v2).toMatchObject({ minPerClass: 1500, cap: 2000 });
    expect(first).toEqual({ classes: 34, photos: 290_575, capped: 64_992 });
    const numbers = [first, last, majority, views];
    expect(new Set(numbers.map(({ photos }) => photos)).size).toBe(4);
    expect(new Set(numbers.map(({ capped }) => capped)).size).toBe(4);
  });

  it('has pictures that stand in tens of thousands of listings', () => {
    expect(totals.boilerplate.mostListings).toBeGreaterThan(10_000);
  });
});

it('has an exact number of views, and names each image, whatever the seed and size', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.integer({ min: 3000, max: 6000 }), (seed, listings) => {
      const planned = plan(seed, listings);
      const { named, views } = planned.size;
      const seen = new Set<number>();
      const places = new Set<number>();
      let count = 0;
      for (const listing of listingsOf(planned)) {
        const images = imagesOf(listing);
        expect(new Set(images).size).toBe(images.length);
        for (const image of images) seen.add(image);
        places.add(listing.place);
        count += images.length;
        expect(planned.at(listing.place)).toEqual(listing);
      }
      expect(count).toBe(views);
      expect([seen.size, Math.max(...seen)]).toEqual([named, named - 1]);
      expect([places.size, Math.max(...places)]).toEqual([listings, listings - 1]);
      const { types, totals } = truthOf(planned);
      expect(types.map(({ photos }) => photos.first)).toEqual(planned.types.map(({ images }) => images));
      expect(totals.v2.first.classes).toBe(34);
    }),
    { numRuns: 5 },
  );
});

it('refuses products with more views than there are', () => {
  const random = randomSource(1);
  const size = sizeOf(3000);
  const types = scaledTypes(size);
  const products = cutProducts(random, types, size);
  const given = { products, type: types.findIndex(({ name }) => name === BOILERPLATE_TYPE), size };
  for (const own of [size.views + 1, size.views - size.listings]) {
    expect(() => boilerplate(random, { ...given, own })).toThrow(/^Expected a seed whose products/);
  }
});
