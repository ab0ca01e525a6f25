import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPhotoFile } from '#src/photo-file.js';
import { thumbnails } from '#src/sinks/report/photos.js';
import { aboSource } from '#src/sources/abo.js';
import type { Source } from '#src/sources/source.js';
import { join as joinImages } from '#src/stages/join.js';
import { readSamples } from '#src/stages/read-samples.js';
import { collect, runOver, testContext } from '../context.js';
import { jpeg, listing, temporaryFolder, writeDump } from '../fixtures.js';
import { type Member, packDump, tarOf } from '../tar.js';

const signal = new AbortController().signal;
let folder: { path: string; dispose(): Promise<void> };
let root: string;
let photo: Buffer;
beforeEach(async () => {
  folder = await temporaryFolder('abo-archives');
  root = join(folder.path, 'dump');
  photo = await jpeg(1);
  await writeDump(root, {
    shards: {
      'listings_a.json.gz': [listing('A1', 'SHOES', 'a')],
      'listings_0.json': [listing('01', 'SHOES', 'b'), listing('02', 'SHOES', 'gone')],
      'listings_9.json': [],
      'readme.txt': ['not a shard'],
    },
    images: [
      { id: 'a', bytes: photo, path: 'aa/a.jpg' },
      { id: 'b', bytes: Buffer.from('b'), path: 'ab/b.jpg' },
      { id: 'gone' },
    ],
  });
});
afterEach(() => folder.dispose());

/** What can be seen of a dump from outside. */
async function seen(source: Source): Promise<unknown> {
  const { imagesRoot } = source;
  const paths = [
    'aa/a.jpg',
    'ab/b.jpg',
    'aa/../ab/b.jpg',
    '../small/aa/a.jpg',
    'xx/gone.jpg',
    '../small.jpg',
    '/a',
  ];
  return {
    rows: await collect(source.rows(signal)),
    images: await collect(source.images(signal)),
    looks: await Promise.all(paths.map((path) => imagesRoot.look(path))),
    bytes: ['aa/a.jpg', 'aa/../ab/b.jpg'].map((path) =>
      readPhotoFile(imagesRoot.placeOf(path)).toString('hex'),
    ),
  };
}

describe('a dump in ABO’s archives', () => {
  it.each([
    ['both', ['listings', 'images']],
    ['the listings’ alone', ['listings']],
    ['the images’ alone', ['images']],
  ] as const)('is the dump that they would unpack to: %s', async (_, parts) => {
    const before = await seen(await aboSource({ dir: root }));
    await packDump(root, parts);
    expect(await seen(await aboSource({ dir: root }))).toEqual(before);
  });

  it('has the originals where there are no small photos, unpacked or not', async () => {
    const small = join(root, 'images/small');
    const original = join(root, 'images/original');
    await cp(small, original, { recursive: true });
    await writeFile(join(original, 'ab/b.jpg'), 'a larger b');
    const b = async () => {
      const { imagesRoot } = await aboSource({ dir: root });
      return readPhotoFile(imagesRoot.placeOf('ab/b.jpg')).toString();
    };
    expect(await b()).toBe('b');
    await rm(small, { recursive: true });
    expect(await b()).toBe('a larger b');
    await packDump(root, ['images']);
    await rename(join(root, 'abo-images-small.tar'), join(root, 'abo-images-original.tar'));
    expect(await b()).toBe('a larger b');
  });

  it('has photos in the archive beside a table that was unpacked', async () => {
    await packDump(root, ['images']);
    await writeDump(root, { shards: {}, images: [{ id: 'other', path: 'aa/a.jpg' }] });
    await rm(join(root, 'images/small'), { recursive: true });
    const { images, imagesRoot } = await aboSource({ dir: root });
    expect(await collect(images(signal))).toMatchObject([{ imageId: 'other' }]);
    expect(readPhotoFile(imagesRoot.placeOf('aa/a.jpg')).equals(photo)).toBe(true);
  });

  it('joins, takes samples and draws thumbnails as from a folder', async () => {
    const results: unknown[] = [];
    const hashes: string[][] = [];
    for (const packed of [false, true]) {
      if (packed) await packDump(root);
      const { imagesRoot, images } = await aboSource({ dir: root });
      const context = testContext({ maxBad: 1 });
      const views = ['a', 'b', 'gone'].map((imageId) => ({
        imageId,
        role: 'main' as const,
        itemId: 'A',
        attributes: {},
        listing: 'd',
      }));
      const joined: unknown[] = [];
      for (const photos of ['decode', 'stat', 'none'] as const) {
        const stage = joinImages({ images: () => images(signal), imagesRoot, photos });
        const out = await runOver(stage, views, context);
        joined.push(out.map(({ file: _, ...view }) => view));
      }
      const rows = ['aa/a.jpg', 'ab/b.jpg', 'aa/x.jpg', '../a.jpg'].map((path, line) => ({
        text: JSON.stringify({ path, label: 'L', split: 'train', component: 'k' }),
        line,
      }));
      const samples = await runOver(readSamples({ task: 't', imagesRoot }), rows, context);
      const places = ['aa/a.jpg', 'ab/b.jpg', 'aa/x.jpg'].map((path) => imagesRoot.placeOf(path));
      const made = await thumbnails(places);
      hashes.push(samples.map(({ sha256 }) => sha256));
      results.push({
        joined,
        entries: context.entries.map(({ key, fate, reason }) => [key, fate, reason]),
        samples: samples.map(({ file: _, ...sample }) => sample),
        thumbnails: places.map((place) => made.get(place)),
      });
    }
    expect(hashes[0]).toHaveLength(2);
    expect(results[1]).toEqual(results[0]);
  });

  it('has no photo whose name leads out of the folder', async () => {
    const member = (name: string): Member => ({ name, bytes: Buffer.from('x') });
    const table = await readFile(join(root, 'images/metadata/images.csv.gz'));
    const names = [
      '../../evil.jpg',
      '/etc/evil.jpg',
      'images/small/../../evil.jpg',
      'images/small/x/../in.jpg',
    ];
    await packDump(root);
    await writeFile(
      join(root, 'abo-images-small.tar'),
      tarOf([
        { name: 'images/metadata/images.csv.gz', bytes: table },
        ...[...names, '/images/small/aa/absolute.jpg', './images/small/aa//dot.jpg'].map(member),
        { name: 'images/small/aa/link.jpg', kind: '2' },
      ]),
    );
    const { imagesRoot } = await aboSource({ dir: root });
    const looks: Record<string, string> = {};
    for (const path of [
      '../../evil.jpg',
      '/etc/evil.jpg',
      'x/../in.jpg',
      'aa/absolute.jpg',
      'aa/link.jpg',
      'aa/dot.jpg',
      'aa\\dot.jpg',
      'aa/dot.jpg\0',
      'toString',
    ]) {
      looks[path] = await imagesRoot.look(path);
    }
    expect(looks).toEqual({
      '../../evil.jpg': 'path-outside',
      '/etc/evil.jpg': 'path-outside',
      'x/../in.jpg': 'path-outside',
      'aa/absolute.jpg': 'path-outside',
      'aa/link.jpg': 'file-missing',
      'aa/dot.jpg': 'there',
      'aa\\dot.jpg': 'path-outside',
      'aa/dot.jpg\0': 'path-outside',
      toString: 'file-missing',
    });
  });

  it('has an identity that changes with the archives', async () => {
    await packDump(root);
    const identities = async () => {
      const source = await aboSource({ dir: root });
      return [await source.identity(), await source.imagesRoot.identity(signal)];
    };
    const before = await identities();
    expect(await identities()).toEqual(before);
    const archive = join(root, 'abo-images-small.tar');
    await writeFile(archive, Buffer.concat([await readFile(archive), Buffer.alloc(512)]));
    const after = await identities();
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  it.each(['abo-images-small.tar', 'abo-listings.tar'])(
    'is refused where %s is cut or compressed',
    async (name) => {
      await packDump(root);
      const archive = join(root, name);
      const whole = await readFile(archive);
      await writeFile(archive, whole.subarray(0, 2000));
      await expect(aboSource({ dir: root })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        key: expect.stringContaining(name),
        hint: expect.stringContaining('Fetch it again'),
      });
      await rm(archive);
      await expect(aboSource({ dir: root })).rejects.toMatchObject({ code: 'DUMP_MISSING' });
      await writeFile(`${archive}.gz`, gzipSync(whole));
      await expect(aboSource({ dir: root })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        hint: expect.stringContaining('gunzip'),
      });
      await writeFile(archive, gzipSync(whole));
      await expect(aboSource({ dir: root })).rejects.toMatchObject({
        message: 'Expected an archive that is not compressed',
      });
    },
  );

  it('is empty or missing where the archives lack what a dump has', async () => {
    await packDump(root);
    await writeFile(join(root, 'abo-listings.tar'), tarOf([{ name: 'LICENSE-CC-BY-4.0.txt' }]));
    await expect(aboSource({ dir: root })).rejects.toMatchObject({ code: 'DUMP_EMPTY' });
    await writeFile(join(root, 'abo-images-small.tar'), tarOf([]));
    const stdin = { stdin: (async function* () {})(), images: root };
    await expect(aboSource(stdin)).rejects.toMatchObject({ code: 'DUMP_MISSING' });
  });

  it('reads no header once it was asked to stop', async () => {
    await packDump(root);
    const opening = aboSource({ dir: root, signal: AbortSignal.abort() });
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
