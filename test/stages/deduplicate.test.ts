import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttributeValue, JoinedView } from '#src/records.js';
import { type DeduplicateOptions, type DuplicateGroup, deduplicate } from '#src/stages/deduplicate.js';
import { runOver, testContext } from '../context.js';
import { jpeg, temporaryFolder } from '../fixtures.js';

const OPTIONS = {
  photos: 'decode',
  conflicts: 'majority',
  same: ['bytes', 'pixels', 'near'],
  family: ['item', 'near'],
} as const satisfies DeduplicateOptions;

let folder: { path: string; dispose(): Promise<void> };
const files: Record<string, string> = {};
beforeAll(async () => {
  folder = await temporaryFolder('deduplicate');
  const red = shape('#8f6a58');
  const put = async (name: string, bytes: Buffer) => {
    files[name] = join(folder.path, `${name}.jpg`);
    await writeFile(files[name], bytes);
  };
  const original = await sharp(Buffer.from(red)).jpeg({ quality: 92 }).toBuffer();
  await put('original', original);
  await put('copy', original);
  await put(
    'stretched',
    await sharp(original).resize(256, 256, { fit: 'fill' }).jpeg({ quality: 70 }).toBuffer(),
  );
  await put(
    'blue',
    await sharp(Buffer.from(shape('#586a8f')))
      .jpeg({ quality: 92 })
      .toBuffer(),
  );
  for (let other = 0; other < 5; other++) {
    await put(`other${other}`, await jpeg(other + 20, { width: 256, height: 200 }));
  }
  await put('cut', original.subarray(0, 900));
  await mkdir(join(folder.path, 'empty'));
});
afterAll(() => folder.dispose());

/** A product with some detail, so that its hash is its own. */
function shape(colour: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="180"><rect width="256" height="180" fill="#fff"/><path d="M40 150 L90 40 L150 60 L220 150 Z" fill="${colour}"/><rect x="60" y="120" width="150" height="20" fill="#333"/><circle cx="120" cy="90" r="22" fill="#ddd"/></svg>`;
}

function view(imageId: string, itemId: string, more: Partial<JoinedView> = {}): JoinedView {
  const file = files[imageId] ?? join(folder.path, `${imageId}.jpg`);
  return {
    imageId,
    itemId,
    role: 'main',
    listing: `listing ${itemId} ${JSON.stringify(more.attributes ?? {})}`,
    attributes: {},
    path: `xx/${imageId}.jpg`,
    file,
    width: 1000,
    height: 800,
    ...more,
  };
}

const text = (value: string): AttributeValue[] => [{ value, language: 'en_US' }];

async function run(views: JoinedView[], options: Partial<DeduplicateOptions> = {}, workers = 2) {
  const context = testContext({ workers, maxBad: 1 });
  const groups: DuplicateGroup[] = [];
  const stage = deduplicate({ ...OPTIONS, ...options, groups: (group) => groups.push(group) });
  const photos = await runOver(stage, views, context);
  return { photos, groups, entries: context.entries, counts: context.counts[0]! };
}

describe('same pictures', () => {
  it('are merged by bytes, by pixels and re-encoded, into the largest original', async () => {
    const { photos, groups, entries, counts } = await run([
      view('copy', 'A', { width: 900 }),
      view('original', 'B'),
      view('stretched', 'C', { role: 'other', width: 800 }),
      view('other0', 'D'),
    ]);
    expect(photos.map(({ imageId }) => imageId)).toEqual(['original', 'other0']);
    expect(photos[0]).toMatchObject({
      images: ['copy', 'original', 'stretched'],
      items: ['A', 'B', 'C'],
      role: 'main',
      views: [
        { itemId: 'A', role: 'main' },
        { itemId: 'B', role: 'main' },
        { itemId: 'C', role: 'other' },
      ],
      component: 'copy',
    });
    expect(entries.map(({ key, fate, reason, into }) => [key, fate, reason, into])).toEqual([
      ['copy', 'merged', 'same-picture', 'original'],
      ['stretched', 'merged', 'same-picture', 'original'],
    ]);
    expect(counts).toMatchObject({ in: 4, out: 2, merged: 2 });
    const [same] = groups;
    expect(same).toMatchObject({ relation: 'same', representative: 'original' });
    expect(same!.pairs.map(({ ground }) => ground).sort()).toEqual(['bytes', 'near', 'pixels']);
  });

  it('do not take in another colour of one shot: that is family', async () => {
    const { photos, groups } = await run([view('original', 'A'), view('blue', 'B'), view('other1', 'C')]);
    expect(photos.map(({ imageId, component }) => [imageId, component])).toEqual([
      ['original', 'blue'],
      ['blue', 'blue'],
      ['other1', 'other1'],
    ]);
    expect(groups).toMatchObject([
      { relation: 'family', representative: 'blue', pairs: [{ ground: 'near' }] },
    ]);
  });

  it('are all named by the family that their picture is in', async () => {
    const { groups } = await run([
      view('copy', 'A', { width: 900 }),
      view('original', 'B', { role: 'other' }),
      view('blue', 'C', { width: 900 }),
    ]);
    expect(groups.map(({ relation }) => relation)).toEqual(['same', 'family']);
    expect(groups[1]).toMatchObject({
      representative: 'original',
      images: ['copy', 'original', 'blue'],
      pairs: [{ ground: 'near' }],
    });
    expect(groups[1]!.pairs.map(({ a, b }) => [a, b].sort())).toEqual([['blue', 'original']]);
    expect(groups[1]!.pairs[0]!.distance).toBeTypeOf('number');
  });

  it('are as large as their files say where nobody else does', async () => {
    const unknown = { width: 0, height: 0 };
    const { photos } = await run([view('stretched', 'A', unknown), view('original', 'B', unknown)]);
    expect(photos).toMatchObject([{ imageId: 'stretched', width: 256, height: 256 }]);
  });

  it('are only linked on the grounds that were asked for', async () => {
    const views = [view('original', 'A'), view('copy', 'B'), view('stretched', 'C')];
    const bytes = await run(views, { same: ['bytes'], family: [] });
    expect(bytes.photos.map(({ images }) => images)).toEqual([['copy', 'original'], ['stretched']]);
    expect(bytes.photos[1]!.component).toBe('stretched');
    const none = await run(views, { same: [], family: ['near'] });
    expect(none.photos).toHaveLength(3);
    expect(new Set(none.photos.map(({ component }) => component))).toEqual(new Set(['copy']));
  });
});

describe('views of one image', () => {
  it('are one photo with the values of most views, main ones first', async () => {
    const colour = (value: string) => ({ attributes: { color: text(value) } });
    const { photos, entries } = await run([
      view('other0', 'A', { role: 'other', ...colour('Blue') }),
      view('other0', 'B', colour('Red')),
      view('other0', 'C', { role: 'other', ...colour('Green') }),
    ]);
    expect(photos).toMatchObject([{ items: ['A', 'B', 'C'], role: 'main', attributes: { color: 'Red' } }]);
    expect(entries.map(({ key, fate, reason }) => [key, fate, reason])).toEqual([
      ['B/other0', 'merged', 'same-image'],
      ['C/other0', 'merged', 'same-image'],
      ['other0', 'conflict', 'attribute-conflict'],
    ]);
  });
});

it('takes views in the order of their shards and lines, however they arrive', async () => {
  const said = ['Red', 'Blue', 'Green', 'Blue', 'Red', 'Black'].map((color, index) =>
    view('other0', `item ${index}`, {
      attributes: { color: text(color) },
      shard: `listings_${index >> 1}.json`,
      line: 3 - (index % 2),
    }),
  );
  const expected = await run(said);
  // Of the two that come twice, the one that stands first: in line 2 of the first shard.
  expect(expected.photos).toMatchObject([{ attributes: { color: 'Blue' } }]);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(said, { minLength: said.length }), async (shuffled) => {
      const found = await run(shuffled);
      expect(found.photos).toEqual(expected.photos);
      expect(found.entries.filter(({ fate }) => fate === 'conflict')).toEqual(
        expected.entries.filter(({ fate }) => fate === 'conflict'),
      );
    }),
    { numRuns: 20 },
  );
});

describe('families', () => {
  it('share a component through an item, but not through boilerplate', async () => {
    const shared = await run([view('other0', 'A'), view('other1', 'A'), view('other2', 'B')]);
    expect(shared.photos.map(({ component }) => component)).toEqual(['other0', 'other0', 'other2']);
    const items = Array.from({ length: 51 }, (_, index) => `I${index}`);
    const boilerplate = await run([
      ...items.map((item) => view('other3', item)),
      view('other0', 'I0'),
      view('other1', 'I1'),
    ]);
    expect(boilerplate.photos.map(({ component }) => component)).toEqual(['other3', 'other0', 'other1']);
  });

  it('share a component by name when asked, if it is long enough', async () => {
    const named = (name: string) => ({ attributes: { item_name: text(name) } });
    const views = [
      view('other0', 'A', named('Velvet  Sofa, 3 seats')),
      view('other1', 'B', named('velvet sofa, 3 SEATS')),
      view('other2', 'C', named('Sofa')),
      view('other3', 'D', named('Sofa')),
    ];
    const { photos } = await run(views, { family: ['name'] });
    expect(photos.map(({ component }) => component)).toEqual(['other0', 'other0', 'other2', 'other3']);
    expect((await run(views)).photos.map(({ component }) => component)).toHaveLength(4);
  });
});

it('quarantines photos that cannot be decoded, and their views stay in the account', async () => {
  const { photos, entries, counts } = await run([
    view('cut', 'A'),
    view('cut', 'B'),
    view('gone', 'C'),
    view('other0', 'D'),
  ]);
  expect(photos.map(({ imageId }) => imageId)).toEqual(['other0']);
  expect(entries.map(({ key, fate, reason }) => [key, fate, reason])).toEqual([
    ['B/cut', 'merged', 'same-image'],
    ['cut', 'quarantined', 'image-damaged'],
    ['gone', 'quarantined', 'file-missing'],
  ]);
  expect(counts).toMatchObject({ in: 4, out: 1, merged: 1, quarantined: 2 });
});

it('reads no file without photos: decode', async () => {
  const { photos } = await run([view('gone', 'A'), view('cut', 'B')], { photos: 'stat' });
  expect(photos.map(({ imageId, sha256 }) => [imageId, sha256])).toEqual([
    ['gone', ''],
    ['cut', ''],
  ]);
});

it('gives the same for any number of workers', async () => {
  const views = Object.keys(files).map((name, index) => view(name, `I${index % 4}`));
  const one = await run(views, {}, 1);
  const four = await run(views, {}, 4);
  expect(four.photos).toEqual(one.photos);
  expect(four.groups).toEqual(one.groups);
  expect(four.entries).toEqual(one.entries);
});

describe('views', () => {
  const shown = fc.record({
    imageId: fc.nat(5).map((id) => `m${id}`),
    itemId: fc.constantFrom('A', 'B', 'C'),
    role: fc.constantFrom('main', 'other'),
    place: fc.constantFrom(
      {},
      { domain: 'amazon.nl', country: 'NL' },
      { country: 'US', marketplace: 'PrimeNow' },
    ),
  });

  it('are all kept, in one order however they arrive, and say the photo’s role and items', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(shown, { maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        async (list, draws) => {
          const all = list.map(({ imageId, itemId, role, place }) =>
            view(imageId, itemId, { role, ...place, listing: JSON.stringify([itemId, place]) }),
          );
          const drawn = all.map((one) => [draws.next().value as number, one] as const);
          const shuffled = drawn.sort(([a], [b]) => a - b).map(([, one]) => one);
          const { photos } = await run(all, { photos: 'none' });
          const again = await run(shuffled, { photos: 'none' });
          const viewsOf = (some: typeof photos) =>
            Object.fromEntries(some.map(({ imageId, views }) => [imageId, views]));
          expect(viewsOf(again.photos)).toEqual(viewsOf(photos));
          for (const { imageId, views, role, items } of photos) {
            const own = list.filter((one) => one.imageId === imageId);
            const told = own.map(({ itemId, role: as, place }) => ({ itemId, role: as, ...place }));
            expect(views).toHaveLength(own.length);
            expect(views).toEqual(expect.arrayContaining(told));
            expect(role).toBe(own.some((one) => one.role === 'main') ? 'main' : 'other');
            expect(items).toEqual([...new Set(views.map(({ itemId }) => itemId))]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('of one listing in one role are one object, whichever photo they are of', async () => {
    const { photos } = await run(
      ['a', 'b', 'c'].map((id) => view(id, 'A', { role: id === 'a' ? 'main' : 'other', country: 'NL' })),
      { photos: 'none' },
    );
    const [a, b, c] = photos.map(({ views }) => views[0]);
    expect(c).toBe(b);
    expect([a, b]).toEqual([
      { itemId: 'A', role: 'main', country: 'NL' },
      { itemId: 'A', role: 'other', country: 'NL' },
    ]);
  });
});
