import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Photo, ValueDetail } from '#src/records.js';
import { type LabelOptions, label } from '#src/stages/label.js';
import { runOver, testContext } from '../context.js';

const OPTIONS: LabelOptions = { task: 'color', minPerClass: 1, drop: [], merge: {} };

function photo(imageId: string, attributes: Record<string, string>): Photo {
  return {
    imageId,
    path: `xx/${imageId}.jpg`,
    file: `/photos/${imageId}.jpg`,
    width: 1,
    height: 1,
    sha256: imageId,
    role: 'main',
    views: [],
    images: [imageId],
    items: ['A'],
    attributes,
    component: imageId,
  };
}

const withDetails = (imageId: string, value: string, detail: ValueDetail): Photo => ({
  ...photo(imageId, { color: value }),
  details: { color: detail },
});

const photos = (values: readonly (string | undefined)[]) =>
  values.map((value, index) => photo(`p${index}`, value === undefined ? {} : { color: value }));

async function run(values: readonly (string | undefined)[], options: Partial<LabelOptions> = {}) {
  const context = testContext();
  const out = await runOver(label({ ...OPTIONS, ...options }), photos(values), context);
  return { labels: out.map(({ imageId, label: name }) => [imageId, name]), entries: context.entries, out };
}

it('says which labels of its rules no photo has, and shows a number with its unit', async () => {
  const context = testContext();
  const told: string[] = [];
  context.events.events.subscribe((event) => {
    if (event.type === 'message') told.push(event.text);
  });
  const rules = { drop: ['MAUVE', 'Nope'], merge: { navy: 'Blue', Nvy: 'Blue' }, select: ['blue', 'Grren'] };
  await runOver(label({ ...OPTIONS, ...rules }), photos(['Navy', 'mauve', 'Red']), context);
  expect(told).toEqual(['label color: no photo is Nvy (merge), Nope (drop), Grren (select)']);
  const stones = withDetails('s', '3', { unit: 'stones' });
  const bins = { kind: 'bins' as const, unit: 'kilograms', edges: [1] };
  await runOver(label({ ...OPTIONS, normalise: bins }), [stones], context);
  expect(context.entries.at(-1)).toMatchObject({ key: 's', reason: 'label-unmapped', detail: '3 stones' });
});

describe('label', () => {
  it('writes a class as most of its photos write it', async () => {
    const { labels } = await run(['blue', 'Blue', 'BLUE ', 'Blue', 'red']);
    expect(labels.map(([, name]) => name)).toEqual(['Blue', 'Blue', 'Blue', 'Blue', 'red']);
  });

  it('drops what has no value, what is unwanted, and classes that are too small', async () => {
    const { labels, entries } = await run(['Blue', undefined, 'blue', 'Mauve', '  ', 'Red'], {
      drop: ['MAUVE'],
      minPerClass: 2,
    });
    expect(labels).toEqual([
      ['p0', 'Blue'],
      ['p2', 'Blue'],
    ]);
    expect(entries.map(({ key, reason }) => [key, reason])).toEqual([
      ['p1', 'label-missing'],
      ['p3', 'label-dropped'],
      ['p4', 'label-missing'],
      ['p5', 'class-too-small'],
    ]);
    expect(entries.every(({ task }) => task === 'color')).toBe(true);
  });

  it('merges in the recipe’s own writing, before it counts and drops', async () => {
    const { labels } = await run(['grey', 'Gray', 'GREY', 'red'], {
      merge: { Grey: 'gray' },
      minPerClass: 2,
    });
    expect(labels.map(([, name]) => name)).toEqual(['gray', 'gray', 'gray']);
  });

  it('selects after merging', async () => {
    const { labels, entries } = await run(['grey', 'red', 'tan'], {
      merge: { grey: 'gray' },
      select: ['Gray', 'Tan'],
    });
    expect(labels).toEqual([
      ['p0', 'Gray'],
      ['p2', 'Tan'],
    ]);
    expect(entries).toMatchObject([{ key: 'p1', reason: 'label-not-selected', detail: 'red' }]);
  });

  it('reads another attribute than the task’s name, and no property that objects have by themselves', async () => {
    const context = testContext();
    const out = await runOver(
      label({ ...OPTIONS, task: 'shade', attribute: 'color' }),
      photos(['Blue']),
      context,
    );
    expect(out).toMatchObject([{ task: 'shade', label: 'Blue', path: 'xx/p0.jpg', sha256: 'p0' }]);
    const none = await runOver(label({ ...OPTIONS, task: 'constructor' }), photos(['Blue']), testContext());
    expect(none).toEqual([]);
  });
});

describe('label, classes', () => {
  const VALUES = ['a', 'a', 'a', 'b', 'b', 'c', 'c', 'd'];

  it('keeps the largest, ties by their key', async () => {
    const { labels, entries } = await run(VALUES, { top: 2 });
    expect(labels.map(([, name]) => name)).toEqual(['a', 'a', 'a', 'b', 'b']);
    expect(entries.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['class-not-top', 'c'],
      ['class-not-top', 'c'],
      ['class-not-top', 'd'],
    ]);
  });

  it('gathers in `other` what is too small, not among the top or not selected, and not what is unwanted', async () => {
    const { labels } = await run([...VALUES, 'X', 'y'], {
      top: 2,
      minPerClass: 2,
      select: ['a', 'b', 'c', 'd', 'x'],
      drop: ['x'],
      other: 'Other',
    });
    expect(labels.map(([, name]) => name)).toEqual([
      ...['a', 'a', 'a', 'b', 'b'],
      ...['Other', 'Other', 'Other', 'Other'],
    ]);
  });

  it('takes photos that say so themselves into `other`, and drops it where it is too small', async () => {
    const few = await run(['a', 'a', 'b', 'OTHER'], { minPerClass: 2, other: 'other' });
    expect(few.labels.map(([, name]) => name)).toEqual(['a', 'a', 'other', 'other']);
    const { labels, entries } = await run(['a', 'a', 'a', 'b', 'other'], { minPerClass: 3, other: 'other' });
    expect(labels.map(([, name]) => name)).toEqual(['a', 'a', 'a']);
    expect(entries.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['class-too-small', 'b'],
      ['class-too-small', 'other'],
    ]);
  });

  it('gives photos without a value the label that the recipe gives', async () => {
    const { labels } = await run(['a', undefined, ' ', 'None'], { missing: 'none', select: ['a', 'none'] });
    expect(labels.map(([, name]) => name)).toEqual(['a', 'none', 'none', 'none']);
  });

  it('merges once: what a label becomes is not merged again', async () => {
    const { labels } = await run(['a', 'b'], { merge: { a: 'b', b: 'c' } });
    expect(labels.map(([, name]) => name)).toEqual(['b', 'c']);
  });
});

describe('label, normalised', () => {
  it('reads colours by standardized values, then by language, and tells what it could not read', async () => {
    const context = testContext();
    const told: unknown[] = [];
    const out = await runOver(
      label({
        ...OPTIONS,
        normalise: { kind: 'color', multi: 'multi' },
        merge: { Leopard: 'brown' },
        unmapped: (values) => told.push(values),
      }),
      [
        withDetails('standard', 'Dunkel', { standardized: ['Blue'] }),
        withDetails('useless', 'Schwarz', { standardized: ['Natural'], language: 'de_DE' }),
        withDetails('both', 'Navy', { standardized: ['Blue', 'White'] }),
        ...photos(['noir', 'black/white', 'leopard', 'floral', 'Floral', 'floral', 'july']),
      ],
      context,
    );
    expect(out.map(({ label: name }) => name)).toEqual(['blue', 'black', 'multi', 'black', 'multi', 'brown']);
    expect(told).toEqual([
      [
        { value: 'floral', photos: 2 },
        { value: 'Floral', photos: 1 },
        { value: 'july', photos: 1 },
      ],
    ]);
    expect(context.entries.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['label-unmapped', 'floral'],
      ['label-unmapped', 'Floral'],
      ['label-unmapped', 'floral'],
      ['label-unmapped', 'july'],
    ]);
  });

  it.each([
    ['first', ['black', 'multi', 'red']],
    ['multi', ['multi', 'multi', 'red']],
    ['drop', ['red']],
  ] as const)('of several colours takes: %s', async (multi, names) => {
    const { labels, entries } = await run(['black/white', 'Multicolor', 'red'], {
      normalise: { kind: 'color', multi },
    });
    expect(labels.map(([, name]) => name)).toEqual(names);
    expect(entries.map(({ reason }) => reason)).toEqual(
      multi === 'drop' ? ['label-several', 'label-several'] : [],
    );
  });

  it('takes standardized values where there are some', async () => {
    const out = await runOver(
      label({ ...OPTIONS, normalise: { kind: 'standardized' } }),
      [withDetails('a', 'Echtleder', { standardized: ['Leather'] }), photo('b', { color: 'leather' })],
      testContext(),
    );
    expect(out.map(({ label: name }) => name)).toEqual(['Leather', 'Leather']);
  });

  it('puts sizes and weights of any unit in bins', async () => {
    const pounds = (imageId: string, value: string, unit?: string) =>
      withDetails(imageId, value, unit === undefined ? {} : { unit });
    const context = testContext();
    const out = await runOver(
      label({ ...OPTIONS, normalise: { kind: 'bins', unit: 'kilograms', edges: [0.5, 2] } }),
      [
        pounds('a', '1', 'pounds'),
        pounds('b', '500', 'Grams'),
        pounds('c', '2', 'KG'),
        pounds('d', '70', 'oz'),
        pounds('no unit', '1'),
        pounds('a length', '1', 'inches'),
        pounds('nothing', '0', 'kg'),
      ],
      context,
    );
    expect(out.map(({ label: name }) => name)).toEqual([
      'below 0.5 kilograms',
      '0.5 to 2 kilograms',
      '2 kilograms or more',
      '0.5 to 2 kilograms',
    ]);
    expect(context.entries.map(({ key, reason }) => [key, reason])).toEqual([
      ['no unit', 'label-unmapped'],
      ['a length', 'label-unmapped'],
      ['nothing', 'label-unmapped'],
    ]);
  });

  it('merges writings of a brand in recipes as in data, and shows the most frequent', async () => {
    const { labels } = await run(['Stone & Beam', 'STONE AND BEAM', 'Stone & Beam', 'rivet', 'Umi.'], {
      normalise: { kind: 'brand' },
      drop: ['UMI'],
    });
    expect(labels.map(([, name]) => name)).toEqual(['Stone & Beam', 'Stone & Beam', 'Stone & Beam', 'rivet']);
  });
});

it('label: neither the order of photos nor anything else changes what a photo is called', async () => {
  const value = fc.option(
    fc.constantFrom('Black', 'noir', 'Find.', 'FIND', 'find by Amazon', 'x', '12', '3'),
    {
      nil: undefined,
    },
  );
  const normalise = fc.constantFrom<LabelOptions['normalise']>(
    undefined,
    { kind: 'color', multi: 'multi' },
    { kind: 'brand' },
    { kind: 'bins', quantiles: 3 },
  );
  const choices = fc.record(
    {
      normalise,
      top: fc.integer({ min: 2, max: 4 }),
      other: fc.constantFrom('other', 'Black'),
      missing: fc.constantFrom('none', 'X'),
      select: fc.constant(['black', 'find', 'none']),
      minPerClass: fc.integer({ min: 0, max: 4 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 30 }), choices, async (values, given) => {
      const options = Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));
      const all = photos(values);
      const labelled = async (some: Photo[]) => {
        const context = testContext();
        const out = await runOver(label({ ...OPTIONS, ...options }), some, context);
        // The runner checks that the account adds up; each photo has one fate.
        expect(out.length + context.entries.length).toBe(some.length);
        return new Map(out.map(({ imageId, label: name }) => [imageId, name]));
      };
      const names = await labelled(all);
      expect(await labelled([...all].reverse())).toEqual(names);
    }),
    { numRuns: 200 },
  );
});

describe('with a tree', () => {
  const tree = { Dark: { Greys: ['Black', 'GREY'], Blues: ['Navy'] }, Bright: { Reds: ['Red'] } };
  const named = async (values: readonly (string | undefined)[], options: Partial<LabelOptions> = {}) => {
    const { out, entries } = await run(values, { tree, ...options });
    const shown = out.map(({ label: name, coarse, middle, fine }) => [name, coarse, middle, fine].join(' '));
    return { shown, fates: entries.map(({ key, reason, detail }) => [key, reason, detail]) };
  };

  it('gives each photo its class’s path, in the tree’s own writing, and drops what has no place', async () => {
    const { shown, fates } = await named(['grey', 'RED', 'mauve', 'navy']);
    expect(shown).toEqual(['GREY Dark Greys GREY', 'Red Bright Reds Red', 'Navy Dark Blues Navy']);
    expect(fates).toEqual([['p2', 'label-not-in-tree', 'mauve']]);
  });

  it('learns a level, while merging and counting are of classes', async () => {
    const { shown, fates } = await named(['grey', 'gray', 'black', 'red'], {
      level: 'middle',
      merge: { gray: 'grey' },
      minPerClass: 2,
    });
    expect(shown).toEqual(['Greys Dark Greys GREY', 'Greys Dark Greys GREY']);
    expect(fates).toEqual([
      ['p2', 'class-too-small', 'Black'],
      ['p3', 'class-too-small', 'Red'],
    ]);
  });

  it('makes the recipe’s own labels groups of their own, unless the tree has a place for them', async () => {
    const { shown } = await named(['red', undefined, 'mauve'], {
      other: 'Rest',
      missing: 'navy',
      level: 'coarse',
    });
    expect(shown).toEqual(['Bright Bright Reds Red', 'Dark Dark Blues Navy', 'Rest Rest Rest Rest']);
  });

  it('asks for one once the classes are known', async () => {
    const seen: string[][] = [];
    const { shown } = await named(['red', 'RED', 'blue', undefined], {
      missing: 'None',
      minPerClass: 1,
      tree: (all) => {
        seen.push(all.map(({ photo: { imageId }, label: name }) => `${imageId} ${name}`));
        return { X: { Y: ['RED'], Z: ['blue'] } };
      },
    });
    expect(seen).toEqual([['p0 RED', 'p1 RED', 'p2 blue']]);
    expect(shown).toEqual(['RED X Y RED', 'RED X Y RED', 'blue X Z blue', 'None None None None']);
  });
});
