import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '#src/ledger.js';
import type { Photo } from '#src/records.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

const RECIPE = join(fileURLToPath(new URL('../..', import.meta.url)), 'recipes/demo.yaml');

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('bad');
});
afterAll(() => folder.dispose());

const curate = (source: string, out: string, ...more: string[]) =>
  pipeline(['curate', '--recipe', RECIPE, '--source', source, '--out', out, '-q', ...more]);

const ledgerOf = async (run: string) =>
  jsonLines<LedgerEntry>(gunzipSync(await readFile(join(run, 'ledgers/curate.jsonl.gz'))).toString());

/** One clear message, and no stack trace. */
function expectMessage(stderr: string, code: string) {
  expect(stderr).toMatch(new RegExp(`^${code}: `));
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(4);
}

describe('a run that cannot begin ends with exit 1 and one message', () => {
  it('when the folder is missing', async () => {
    const { code, stderr } = await curate(join(folder.path, 'nowhere'), join(folder.path, 'run-missing'));
    expect(code).toBe(1);
    expectMessage(stderr, 'DUMP_MISSING');
  });

  it('when the dump has no shard', async () => {
    const dump = join(folder.path, 'shardless');
    await writeDump(dump, { shards: {}, images: [] });
    const { code, stderr } = await curate(dump, join(folder.path, 'run-shardless'));
    expect(code).toBe(1);
    expectMessage(stderr, 'DUMP_EMPTY');
  });

  it('when the shards have no listing', async () => {
    const dump = join(folder.path, 'empty');
    await writeDump(dump, { shards: { 'listings_0.json.gz': [] }, images: [] });
    const { code, stderr } = await curate(dump, join(folder.path, 'run-empty'));
    expect(code).toBe(1);
    expectMessage(stderr, 'DUMP_EMPTY');
  });

  it('when the image table is not one', async () => {
    const dump = join(folder.path, 'tableless');
    await writeDump(dump, { shards: { 'listings_0.json': [listing('A', 'SHOES', 'a')] }, images: [] });
    await writeFile(join(dump, 'images/metadata/images.csv.gz'), gzipSync('id;where\n1;2\n'));
    const { code, stderr } = await curate(dump, join(folder.path, 'run-tableless'));
    expect(code).toBe(1);
    expectMessage(stderr, 'INPUT_INVALID');
  });

  it('when too many records are bad, with the account of them', async () => {
    const dump = join(folder.path, 'mostly-bad');
    const bad = Array.from({ length: 30 }, (_, index) => `{"item_id": ${index}`);
    await writeDump(dump, {
      shards: { 'listings_0.json.gz': [...bad, listing('A', 'SHOES', 'a')] },
      images: [{ id: 'a', bytes: await jpeg(1) }],
    });
    const out = join(folder.path, 'run-mostly-bad');
    const { code, stderr } = await curate(dump, out);
    expect(code).toBe(1);
    expectMessage(stderr, 'TOO_MANY_BAD');
    expect(stderr).toContain('30 of 31');
    expect((await ledgerOf(out)).filter(({ reason }) => reason === 'invalid-json')).toHaveLength(30);
    // Only one class is left, which is said by another message once the bad ones are allowed.
    expectMessage((await curate(dump, out, '--max-bad', '1')).stderr, 'TOO_FEW_SAMPLES');
  });
});

describe('a task’s attribute that no listing has is told before a photo is read', () => {
  it.each([
    ['tasks.product_type.attribute=product_typ', 'tasks.product_type.attribute'],
    ['tasks.product_typ.cap=3', 'tasks.product_typ.attribute'],
  ])('%s', async (set, asked) => {
    const dump = join(folder.path, 'attributes');
    await writeDump(dump, {
      shards: { 'listings_0.json.gz': [listing('A', 'SHOES', 'a'), listing('B', 'SOFA', 'b')] },
      images: [
        { id: 'a', bytes: await jpeg(1) },
        { id: 'b', bytes: await jpeg(2) },
      ],
    });
    const { code, stderr } = await curate(dump, join(folder.path, 'run-attributes'), '--set', set);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `RECIPE_INVALID: Expected a key that listings have for ${asked} but received "product_typ"; did you mean "product_type"?`,
    );
    expect(stderr).toMatch(/They have .*product_type/);
    expect(stderr).not.toContain('deduplicate');
  });
});

describe('wrong usage ends with exit 2 before any work', () => {
  it.each([
    [
      ['--set', 'tasks.product_type.capp=3'],
      'RECIPE_INVALID',
      /tasks\.product_type\.capp: Expected no such key/,
    ],
    [['--set', 'cache.size=big'], 'RECIPE_INVALID', /cache\.size: Expected number but received "big"/],
    [['--workers', '0'], 'USAGE', /at least 1 for --workers/],
    [['--max-bad', '7'], 'USAGE', /0\.\.1 for --max-bad/],
    [['--memory', 'lots'], 'USAGE', /a size such as 512MB/],
  ])('%j', async (more, code, message) => {
    const out = join(folder.path, 'never');
    const finished = await curate(folder.path, out, ...more);
    expect(finished.code).toBe(2);
    expectMessage(finished.stderr.replace(/\n {2}.*/g, ''), code);
    expect(finished.stderr).toMatch(message);
    await expect(readFile(join(out, 'manifest.json'))).rejects.toThrow();
  });

  it('a size that no cache can have, and sizes for a command that has one', async () => {
    const some = ['--recipe', RECIPE, '--source', folder.path, '--out', join(folder.path, 'never')];
    for (const sizes of ['224,2', '224,', '2000', '22.5']) {
      const { code, stderr } = await pipeline(['cache', ...some, '--sizes', sizes]);
      expect(code).toBe(2);
      expectMessage(stderr.replace(/\n {2}.*/g, ''), 'USAGE');
      expect(stderr).toContain(`Expected whole numbers of 8 to 1024 for --sizes but received "${sizes}"`);
    }
    expect((await pipeline(['train', ...some, '--sizes', '24'])).code).toBe(2);
  });

  it('an unknown command or option, with a suggestion', async () => {
    const { code, stderr } = await pipeline(['crate']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean');
    expect((await pipeline(['parse', '--fast'])).code).toBe(2);
  });
});

it('a filter refuses another stage’s records, and says what it takes', async () => {
  const rows = Array.from({ length: 12 }, (_, at) => JSON.stringify(listing(`I${at}`, 'SHOES', `i${at}`)));
  const listings = await pipeline(['parse', '-q'], { input: rows.join('\n') });
  const { code, stderr, stdout } = await pipeline(['split'], { input: listings.stdout });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('Expected a labelled photo from label or balance: path:');
  const few = await pipeline(['join', '--source', '.', '-q'], { input: '{"imageId":1}' });
  expect(few.stderr).not.toContain('INTERNAL');
});

describe('bad records', () => {
  let out: string;
  let entries: LedgerEntry[];
  let photos: Photo[];
  beforeAll(async () => {
    const dump = join(folder.path, 'bad-records');
    const whole = await jpeg(1);
    const bomb = await sharp({ create: { width: 9000, height: 8000, channels: 3, background: '#fff' } })
      .jpeg()
      .toBuffer();
    const good = Array.from({ length: 40 }, (_, index) => index);
    await writeDump(dump, {
      shards: {
        'listings_0.json.gz': [
          ...good.map((index) => listing(`G${index}`, index % 2 ? 'SHOES' : 'CHAIR', `good${index}`)),
          listing('NOIMAGE', 'SHOES', undefined),
          listing('MISSING', 'SHOES', 'missing'),
          listing('UNKNOWN', 'SHOES', 'unknown'),
          listing('CUT', 'SHOES', 'cut'),
          listing('EMPTY', 'SHOES', 'empty'),
          listing('TEXT', 'SHOES', 'text'),
          listing('BOMB', 'SHOES', 'bomb'),
          listing('OUTSIDE', 'SHOES', 'outside'),
          listing('LINK', 'SHOES', 'link'),
          '{"item_id": "BROKEN", ',
          '["not", "an", "object"]',
          '{"no_item_id": true}',
          // A key that would be an object's prototype is a key like any other.
          '{"item_id": "PROTO", "main_image_id": "good0", "__proto__": [{"value": "x"}], "constructor": [{"value": "y"}]}',
          listing('TWICE', 'SHOES', 'good1'),
          listing('TWICE', 'SHOES', 'good1'),
          listing('SAMEID', 'SHOES', 'good2'),
          listing('SAMEID', 'CHAIR', 'good3'),
        ],
        // Cut in the middle of a gzip member: what came before it counts.
        'listings_1.json.gz': gzipSync(
          Array.from(
            { length: 400 },
            (_, index) =>
              `${JSON.stringify(listing(`C${index}`, 'CHAIR', 'good4', { n: [{ value: Math.sin(index) }] }))}\n`,
          ).join(''),
        ).subarray(0, 3000),
        'listings_2.json': Buffer.concat([
          Buffer.from('{"item_id": "UTF8", "brand": [{"value": "'),
          Buffer.from([0xff, 0xfe, 0xc0]),
          Buffer.from('"}]}\n'),
          Buffer.from(`{"item_id": "LONG", "brand": [{"value": "${'x'.repeat(100 * 2 ** 20)}"}]}\n`),
          Buffer.from(`${JSON.stringify(listing('AFTER', 'SHOES', 'good5'))}\r\n\n`),
        ]),
      },
      images: [
        ...(await Promise.all(
          good.map(async (index) => ({ id: `good${index}`, bytes: await jpeg(index + 2) })),
        )),
        { id: 'missing' },
        { id: 'cut', bytes: whole.subarray(0, whole.length / 2) },
        { id: 'empty', bytes: Buffer.alloc(0) },
        { id: 'text', bytes: Buffer.from('this is no photo') },
        { id: 'bomb', bytes: bomb },
      ],
      tableRows: [
        'outside,1,1,../../../etc/passwd',
        'link,1,1,xx/link.jpg',
        'orphan,1,1,xx/orphan.jpg',
        'too,few',
      ],
    });
    await mkdir(join(folder.path, 'elsewhere'), { recursive: true });
    await writeFile(join(folder.path, 'elsewhere/secret.jpg'), whole);
    await symlink(join(folder.path, 'elsewhere/secret.jpg'), join(dump, 'images/small/xx/link.jpg'));
    out = join(folder.path, 'run-bad-records');
    const { code, stderr } = await curate(
      dump,
      out,
      '--set',
      'tasks.product_type.minPerClass=2',
      '--max-bad',
      '0.2',
    );
    expect(stderr).toMatch(
      /^warning: The image table has 1 rows .*\nwarning: listings_1\.json\.gz:167: .* Its rows from there on are lost\.\n$/,
    );
    expect(code).toBe(0);
    entries = await ledgerOf(out);
    const joined = await pipeline(['join', '--source', dump, '-q', '--max-bad', '0.2'], {
      input: await exploded(dump),
    });
    photos = jsonLines<Photo>(
      (await pipeline(['deduplicate', '-q', '--max-bad', '0.2'], { input: joined.stdout })).stdout,
    );
  });

  async function exploded(dump: string): Promise<string> {
    const rows = gunzipSync(await readFile(join(dump, 'listings/metadata/listings_0.json.gz')));
    const listings = await pipeline(['parse', '-q', '--max-bad', '1'], { input: rows });
    return (await pipeline(['explode', '-q'], { input: listings.stdout })).stdout;
  }

  it.each([
    ['explode', 'NOIMAGE', 'dropped', 'no-image'],
    ['join', 'missing', 'dropped', 'file-missing'],
    ['join', 'unknown', 'dropped', 'image-unknown'],
    ['join', 'outside', 'quarantined', 'path-outside'],
    ['join', 'link', 'quarantined', 'path-outside'],
    ['deduplicate', 'cut', 'quarantined', 'image-damaged'],
    ['deduplicate', 'empty', 'quarantined', 'image-empty'],
    ['deduplicate', 'text', 'quarantined', 'not-an-image'],
    ['deduplicate', 'bomb', 'quarantined', 'image-too-large'],
    ['parse', 'listings_0.json.gz:50', 'quarantined', 'invalid-json'],
    ['parse', 'listings_0.json.gz:51', 'quarantined', 'not-an-object'],
    ['parse', 'listings_0.json.gz:52', 'quarantined', 'item-id-missing'],
    ['parse', 'listings_0.json.gz:55', 'merged', 'identical-row'],
    ['parse', 'listings_2.json:1', 'quarantined', 'invalid-utf8'],
    ['parse', 'listings_2.json:2', 'quarantined', 'line-too-long'],
  ])('%s %s is %s: %s', (stage, key, fate, reason) => {
    expect(entries).toContainEqual(expect.objectContaining({ stage, key, fate, reason }));
  });

  it('reads a cut shard up to the cut', () => {
    const cut = entries.filter(({ reason }) => reason === 'truncated-shard');
    expect(cut).toMatchObject([{ stage: 'parse', fate: 'quarantined' }]);
    expect(cut[0]!.key).toMatch(/^listings_1\.json\.gz:\d{2,}$/);
  });

  it('goes on with all others', () => {
    const images = photos.flatMap((photo) => photo.images);
    expect(images.filter((id) => id.startsWith('good'))).toHaveLength(40);
    expect(photos.find(({ items }) => items.includes('PROTO'))!.attributes).toMatchObject({
      constructor: 'y',
    });
    expect(Object.keys(photos.find(({ items }) => items.includes('PROTO'))!.attributes)).toContain(
      '__proto__',
    );
  });

  it('keeps different rows of one item id, in one component', () => {
    const [a, b] = ['good2', 'good3'].map((id) => photos.find(({ images }) => images.includes(id))!);
    expect(a!.component).toBe(b!.component);
    expect(a!.imageId).not.toBe(b!.imageId);
  });
});
