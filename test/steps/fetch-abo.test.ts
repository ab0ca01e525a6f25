import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { aboSource } from '#src/sources/abo.js';
import { type FetchAboOptions, fetchAbo } from '#src/steps/fetch-abo.js';
import { collect } from '../context.js';
import { type FileServerOptions, fileServer } from '../file-server.js';
import { jpeg, listing, temporaryFolder } from '../fixtures.js';
import { progressOf } from '../progress.js';
import { tarOf } from '../tar.js';

const signal = new AbortController().signal;
const IDS = [...'abcdefghijkl'];
const pathOf = (id: string) => `${id}${id}/${id}.jpg`;
const SHARDS = {
  'listings/metadata/listings_0.json.gz': gzipSync(
    [
      listing('0-1', 'SHOES', 'a', { other_image_id: ['b', 'c'] }),
      listing('0-2', 'SHOES', 'a'),
      listing('0-3', 'SHOES', undefined),
    ]
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  ),
  'listings/metadata/listings_1.json.gz': gzipSync(
    [...'defghijkl'].map((id) => `${JSON.stringify(listing(`1-${id}`, 'BOOT', id))}\n`).join(''),
  ),
};
const TABLE = gzipSync(
  `image_id,height,width,path\n${[...IDS, 'orphan'].map((id) => `${id},480,640,${pathOf(id)}\n`).join('')}`,
);

let files: Record<string, Buffer>;
beforeAll(async () => {
  const photos = await Promise.all(IDS.map(async (id, k) => [pathOf(id), await jpeg(k)] as const));
  const small = photos.map(([path, bytes]) => ({ name: `images/small/${path}`, bytes }));
  const shards = Object.entries(SHARDS).map(([name, bytes]) => ({ name, bytes }));
  files = {
    ...Object.fromEntries([...shards, ...small].map(({ name, bytes }) => [`/${name}`, bytes])),
    ...Object.fromEntries(photos.map(([path, bytes]) => [`/images/original/${path}`, bytes])),
    '/images/metadata/images.csv.gz': TABLE,
    '/archives/abo-listings.tar': tarOf(shards),
    '/archives/abo-images-small.tar': tarOf(small),
  };
});

let folder: { path: string; dispose(): Promise<void> };
let out: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('fetch-abo');
  out = join(folder.path, 'dump');
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await folder.dispose();
});
afterAll(() => {
  files = {};
});

async function serve(options: Partial<FileServerOptions> = {}) {
  const server = await fileServer({ files, ...options });
  closers.push(server.close);
  return server;
}

const warnings: string[] = [];
function fetch({ origin }: { origin: string }, more: Partial<FetchAboOptions> = {}) {
  const events = eventBus();
  warnings.length = 0;
  events.events.subscribe((event) => {
    if (event.type === 'message' && event.level === 'warning') warnings.push(event.text);
  });
  const patience = { pauseMs: 1 };
  return fetchAbo({ folder: out, from: new URL(origin), parallel: 4, events, signal, patience, ...more });
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

async function dump() {
  const source = await aboSource({ dir: out });
  const rows = await collect(source.rows(signal));
  const images = await collect(source.images(signal));
  const there = await Promise.all(images.map(({ path }) => source.imagesRoot.look(path)));
  return {
    items: rows.map((row) => (JSON.parse('text' in row ? row.text : '') as { item_id: string }).item_id),
    images: images.map(({ imageId }) => imageId).join(''),
    there: there.every((one) => one === 'there'),
  };
}

const paths = (server: Awaited<ReturnType<typeof serve>>) => server.asked.map(({ path }) => path);

describe('the first listings', () => {
  it('come with just their photos, once', async () => {
    const server = await serve();
    const { part, photos } = await fetch(server, { limit: 2 });
    expect(photos).toBe('images/small');
    expect(part).toEqual({
      listings: 2,
      images: 3,
      unknown: 0,
      downloaded: 3,
      there: 0,
      missing: [],
      damaged: [],
    });
    expect(await dump()).toEqual({ items: ['0-1', '0-2'], images: 'abc', there: true });
    expect(paths(server)).toHaveLength(5);
    expect((await readdir(out)).sort()).toEqual([
      '.fetched',
      'ATTRIBUTION.txt',
      'fetch.lock',
      'images',
      'listings',
    ]);
    expect(await readFile(join(out, 'ATTRIBUTION.txt'), 'utf8')).toContain('CC BY 4.0');

    const made = ['listings/metadata/listings_0.json.gz', 'images/metadata/images.csv.gz'];
    const times = () => Promise.all(made.map(async (path) => (await stat(join(out, path))).mtimeMs));
    const before = await times();
    await server.close();
    const events = eventBus();
    const told = progressOf(events);
    // Nobody is asked: the server is not there any more.
    expect((await fetch(server, { limit: 2, events })).part).toMatchObject({ downloaded: 0, there: 3 });
    expect(told('checking photos', 'photos')).toEqual({ totals: [3], last: 3 });
    expect(await times()).toEqual(before);
  });

  it('may become more, and fewer', async () => {
    const server = await serve();
    await fetch(server, { limit: 1 });
    expect(await dump()).toEqual({ items: ['0-1'], images: 'abc', there: true });
    const asked = server.asked.length;
    await fetch(server, { limit: 5 });
    expect(paths(server).slice(asked).sort()).toEqual([
      '/images/small/dd/d.jpg',
      '/images/small/ee/e.jpg',
      '/listings/metadata/listings_1.json.gz',
    ]);
    const five = { items: ['0-1', '0-2', '0-3', '1-d', '1-e'], images: 'abcde', there: true };
    expect(await dump()).toEqual(five);
    await fetch(server, { limit: 3 });
    expect(await dump()).toEqual({ items: ['0-1', '0-2', '0-3'], images: 'abc', there: true });
    expect(gunzipSync(await readFile(join(out, 'images/metadata/images.csv.gz'))).toString()).toContain(
      'a,480,640,aa/a.jpg\n',
    );
  });

  it('have the originals on request', async () => {
    const server = await serve();
    await fetch(server, { limit: 1, originals: true });
    expect(paths(server).slice(-3).sort()).toEqual(
      ['a', 'b', 'c'].map((id) => `/images/original/${pathOf(id)}`),
    );
    expect(await dump()).toMatchObject({ images: 'abc', there: true });
  });

  it('come through from a server that cuts, stalls, lies and is busy, a few at once', async () => {
    const server = await serve({
      answers(path, time) {
        if (path === '/listings/metadata/listings_0.json.gz' && time === 0) return { cutAfter: 100 };
        if (path === '/images/metadata/images.csv.gz' && time === 0) return { stallAfter: 50 };
        if (time > 0) return path.includes('/j.jpg') && time < 3 ? { cutAfter: 400 } : 'whole';
        const bad = {
          a: { cutAfter: 300 },
          b: { stallAfter: 300 },
          c: { longer: 100 },
          d: { shorter: 500 },
          e: { status: 500 },
          f: { status: 429, headers: { 'retry-after': '1' } },
          g: { status: 503 },
          h: { status: 416, headers: { 'content-range': 'bytes */0' } },
          j: { cutAfter: 200 },
        } as const;
        return path === '/images/small/hh/h.jpg'
          ? 'whole'
          : (bad[path.at(-5) as keyof typeof bad] ?? 'whole');
      },
    });
    const { part } = await fetch(server, { limit: 12, patience: { pauseMs: 1, stallMs: 300 } });
    expect(part).toMatchObject({ listings: 12, downloaded: 12, missing: [], damaged: [] });
    for (const id of IDS) {
      const bytes = await readFile(join(out, 'images/small', pathOf(id)));
      expect(bytes.equals(files[`/images/small/${pathOf(id)}`]!), id).toBe(true);
    }
    expect(await readdir(join(out, 'images/small/bb'))).toEqual(['b.jpg']);
    expect(server.most()).toBeLessThanOrEqual(4);
    expect(server.most()).toBeGreaterThan(1);
  });

  it('go on where a part of a photo is there, even one that is whole', async () => {
    const whole = files['/images/small/aa/a.jpg']!;
    await mkdir(join(out, 'images/small/aa'), { recursive: true });
    await mkdir(join(out, 'images/small/bb'), { recursive: true });
    await mkdir(join(out, '.fetched'));
    await writeFile(join(out, 'images/small/aa/a.jpg.part'), whole);
    await writeFile(join(out, 'images/small/bb/b.jpg'), 'not a photo');
    const server = await serve();
    expect((await fetch(server, { limit: 1 })).part).toMatchObject({ downloaded: 3, there: 0 });
    // The first was asked for its end, and has none: 416.
    expect(server.asked.find(({ path }) => path.endsWith('/a.jpg'))!.range).toBe(`bytes=${whole.length}-`);
    expect(await dump()).toMatchObject({ there: true });
    expect(
      (await readFile(join(out, 'images/small/bb/b.jpg'))).equals(files['/images/small/bb/b.jpg']!),
    ).toBe(true);
  });

  it('may lack a few photos, which are named, not many', async () => {
    const without = (...gone: string[]) =>
      serve({ files: (path) => (gone.some((id) => path.endsWith(`/${id}.jpg`)) ? undefined : files[path]) });
    const { part } = await fetch(await without('b', 'k'), { limit: 12 });
    expect(part).toMatchObject({ downloaded: 10, missing: ['bb/b.jpg', 'kk/k.jpg'] });
    expect(warnings).toEqual([
      '2 of 12 photos are not at the server, and are asked for again with --retry alone: bb/b.jpg, kk/k.jpg',
    ]);
    await rm(out, { recursive: true });
    const error = await failure(fetch(await without(...IDS.slice(1)), { limit: 12 }));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('--from') });
    expect(error.message).toBe('Expected 12 photos but 11 are not at the server and 0 are damaged');
    expect(existsSync(join(out, 'listings'))).toBe(false);
  });

  it('are without a photo that comes damaged twice', async () => {
    const photo = files['/images/small/bb/b.jpg']!;
    const cut = photo.subarray(0, photo.length - 2);
    const server = await serve({ files: (path) => (path.endsWith('/b.jpg') ? cut : files[path]) });
    expect((await fetch(server, { limit: 1 })).part).toMatchObject({ downloaded: 2, damaged: ['bb/b.jpg'] });
    expect(await readdir(join(out, 'images/small/bb'))).toEqual([]);
    expect(paths(server).filter((path) => path.endsWith('/b.jpg'))).toHaveLength(2);
    // The server's own MD5 tells of a photo that begins and ends as one.
    const changed = Buffer.from(photo);
    changed[600]! ^= 1;
    const etag = createHash('md5').update(photo).digest('hex');
    const lying = await serve({
      files: (path) => (path.endsWith('/b.jpg') ? changed : files[path]),
      headers: (body) => (body === changed ? { etag: `"${etag}"` } : {}),
    });
    expect((await fetch(lying, { limit: 1 })).part).toMatchObject({ there: 2, damaged: ['bb/b.jpg'] });
  });

  it('are without a photo that begins and ends as one but does not decode', async () => {
    const photo = files['/images/small/bb/b.jpg']!;
    const zeroed = Buffer.from(photo).fill(0, photo.length - 200, photo.length - 20);
    const server = await serve({ files: (path) => (path.endsWith('/b.jpg') ? zeroed : files[path]) });
    expect((await fetch(server, { limit: 1 })).part).toMatchObject({ downloaded: 2, damaged: ['bb/b.jpg'] });
    expect(await readdir(join(out, 'images/small/bb'))).toEqual([]);
  });

  it('lack the same photos the next time without a question, until they are asked for again', async () => {
    const photo = files['/images/small/bb/b.jpg']!;
    const bad = (path: string) => {
      if (path.endsWith('/k.jpg')) return undefined;
      return path.endsWith('/b.jpg') ? photo.subarray(0, 600) : files[path];
    };
    let mended = false;
    const server = await serve({ files: (path) => (mended ? files[path] : bad(path)) });
    const lacking = { missing: ['kk/k.jpg'], damaged: ['bb/b.jpg'] };
    const first = await fetch(server, { limit: 12 });
    expect(first.part).toMatchObject({ downloaded: 10, ...lacking });
    const said = [...warnings];
    const asked = server.asked.length;
    const second = await fetch(server, { limit: 12 });
    expect(second.part).toMatchObject({ downloaded: 0, there: 10, ...lacking });
    expect(warnings).toEqual(said);
    // A smaller part forgets nothing of a larger one.
    await fetch(server, { limit: 2 });
    expect((await fetch(server, { limit: 12 })).part).toMatchObject(lacking);
    expect(server.asked).toHaveLength(asked);
    expect((await fetch(server, { limit: 12, retry: true })).part).toMatchObject(lacking);
    expect(paths(server).slice(asked).sort()).toEqual([
      '/images/small/bb/b.jpg',
      '/images/small/bb/b.jpg',
      '/images/small/kk/k.jpg',
    ]);
    mended = true;
    expect((await fetch(server, { limit: 12, retry: true })).part).toMatchObject({
      downloaded: 2,
      there: 10,
    });
    expect(await readdir(join(out, '.fetched'))).not.toContain('left-out.json');
  });

  it('are asked of another server that may have what one lacks', async () => {
    const without = await serve({
      files: (path) => (path.endsWith('/k.jpg') ? undefined : files[path]),
    });
    expect((await fetch(without, { limit: 12 })).part).toMatchObject({ missing: ['kk/k.jpg'] });
    expect((await fetch(await serve(), { limit: 12 })).part).toMatchObject({ downloaded: 1, missing: [] });
  });

  it('remember nothing of a server that lacks many', async () => {
    let away = true;
    const server = await serve({
      files: (path) => (away && path.endsWith('.jpg') ? undefined : files[path]),
    });
    expect(await failure(fetch(server, { limit: 12 }))).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    away = false;
    expect((await fetch(server, { limit: 12 })).part).toMatchObject({ downloaded: 12, missing: [] });
  });

  it('write nothing outside the dump, whatever the table says', async () => {
    const table = gzipSync(
      'image_id,height,width,path\na,1,1,../../../outside.jpg\nb,1,1,"b,b/b &.jpg"\nc,1,1,cc/c.jpg\n',
    );
    const server = await serve({
      files: (path) => {
        if (path === '/images/metadata/images.csv.gz') return table;
        return path === '/images/small/b%2Cb/b%20%26.jpg' ? files['/images/small/bb/b.jpg'] : files[path];
      },
    });
    const { part } = await fetch(server, { limit: 1 });
    expect(part).toMatchObject({ downloaded: 2, missing: ['../../../outside.jpg'] });
    expect(existsSync(join(folder.path, 'outside.jpg'))).toBe(false);
    const source = await aboSource({ dir: out });
    expect((await collect(source.images(signal))).map(({ path }) => path)).toContain('b,b/b &.jpg');
  });

  it('end at once where one cannot be had, and leave no dump', async () => {
    const server = await serve({
      answers: (path) => {
        if (path.endsWith('/c.jpg')) return { status: 429, headers: { 'retry-after': '3600' } };
        return path.endsWith('.jpg') ? { stallAfter: 100 } : 'whole';
      },
    });
    const error = await failure(fetch(server, { limit: 1, patience: { stallMs: 600_000 } }));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('3600 s') });
    expect(await failure(aboSource({ dir: out }))).toMatchObject({ code: 'DUMP_MISSING' });
    const nobody = await failure(
      fetch({ origin: 'http://127.0.0.1:1' }, { folder: join(folder.path, 'no') }),
    );
    expect(nobody).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('--from') });
  });

  it('are refused where a shard or the table is something else', async () => {
    const page = Buffer.from('<html>Please log in</html>');
    for (const path of ['/listings/metadata/listings_0.json.gz', '/images/metadata/images.csv.gz']) {
      const server = await serve({ files: (asked) => (asked === path ? page : files[asked]) });
      expect(await failure(fetch(server, { limit: 1 }))).toMatchObject({
        code: 'DOWNLOAD_CORRUPT',
        message: 'Expected the whole file but it does not unpack: incorrect header check',
      });
      await rm(out, { recursive: true });
    }
    const cut = files['/listings/metadata/listings_0.json.gz']!.subarray(0, -3);
    const server = await serve({ files: (asked) => (asked.includes('listings_0') ? cut : files[asked]) });
    expect((await failure(fetch(server, { limit: 1 }))).message).toContain('unexpected end of file');
  });

  it('are gone on from after an abort', async () => {
    const controller = new AbortController();
    const stalling = await serve({
      answers: (path) => (path.endsWith('/b.jpg') ? { stallAfter: 300 } : 'whole'),
    });
    const work = fetch(stalling, { limit: 1, signal: controller.signal, patience: { stallMs: 600_000 } });
    const part = join(out, 'images/small/bb/b.jpg.part');
    const sizeOf = () =>
      stat(part).then(
        ({ size }) => size,
        () => 0,
      );
    while ((await sizeOf()) < 300) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort();
    expect(await failure(work)).toMatchObject({ code: 'ABORTED' });
    const server = await serve();
    await fetch(server, { limit: 1 });
    expect(server.asked.map(({ path, range }) => [path, range])).toContainEqual([
      '/images/small/bb/b.jpg',
      'bytes=300-',
    ]);
    expect(await dump()).toMatchObject({ images: 'abc', there: true });
  });
});

describe('the whole dump', () => {
  const ALL = { items: ['0-1', '0-2', '0-3', ...[...'defghijkl'].map((id) => `1-${id}`)], there: false };

  it('comes as archives, in pieces where it has to, and once', async () => {
    const server = await serve({
      answers: (path, time) => (path.includes('archives') && time < 2 ? { cutAfter: 4000 } : 'whole'),
    });
    const { archives } = await fetch(server);
    expect(archives!.map(({ path, downloaded }) => [path, downloaded])).toEqual([
      [join(out, 'abo-images-small.tar'), true],
      [join(out, 'abo-listings.tar'), true],
      [join(out, 'images/metadata/images.csv.gz'), true],
    ]);
    // What was on its way to the disk when the connection broke is asked for again.
    const starts = server.asked.filter(({ path }) => path.endsWith('small.tar')).map(({ range }) => range);
    expect(starts).toHaveLength(3);
    for (const [k, range] of starts.entries()) {
      expect(Number(/\d+/.exec(range ?? '0')![0])).toBeLessThanOrEqual(4000 * k);
    }
    // The orphan of the table has no photo.
    expect(await dump()).toEqual({ ...ALL, images: `${IDS.join('')}orphan` });
    const asked = server.asked.length;
    expect((await fetch(server)).archives!.map(({ downloaded }) => downloaded)).toEqual([
      false,
      false,
      false,
    ]);
    expect(server.asked).toHaveLength(asked);
  });

  it('tells how much of the archives is checked, fresh and there', async () => {
    // What is no photo is passed over, and takes its time too.
    const other = { name: 'images/other', bytes: Buffer.alloc(3e6) };
    const small = IDS.map((id) => `images/small/${pathOf(id)}`);
    const archive = tarOf([...small.map((name) => ({ name, bytes: files[`/${name}`]! })), other]);
    const server = await serve({ files: (path) => (path.endsWith('small.tar') ? archive : files[path]) });
    for (const _ of ['fresh', 'there']) {
      const events = eventBus();
      const told = progressOf(events);
      await fetchAbo({ folder: out, from: new URL(server.origin), parallel: 4, events, signal });
      for (const name of ['abo-images-small.tar', 'abo-listings.tar']) {
        const total = Math.round((await stat(join(out, name))).size / 1e5) / 10;
        expect(told(`checking ${name}`, 'MB')).toEqual({ totals: [total], last: total });
      }
      expect(told('checking abo-images-small.tar', 'MB')!.last).toBeGreaterThanOrEqual(3);
    }
  });

  it('is fetched again where it was cut here', async () => {
    const server = await serve();
    await fetch(server);
    const archive = join(out, 'abo-images-small.tar');
    const bytes = await readFile(archive);
    await writeFile(archive, bytes.subarray(0, bytes.length / 2));
    await fetch(server);
    expect((await readFile(archive)).equals(bytes)).toBe(true);
  });

  it('is no dump before all of it is there', async () => {
    const server = await serve({
      answers: (path) =>
        path.endsWith('small.tar') ? { status: 429, headers: { 'retry-after': '3600' } } : 'whole',
    });
    expect(await failure(fetch(server, { parallel: 1 }))).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(await failure(aboSource({ dir: out }))).toMatchObject({ code: 'DUMP_MISSING' });
  });

  it('is refused where an archive is cut, or what it holds is damaged', async () => {
    const photos = IDS.map((id) => ({
      name: `images/small/${pathOf(id)}`,
      bytes: files[`/images/small/${pathOf(id)}`]!,
    }));
    const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - 100);
    const shard = { name: 'listings/metadata/listings_0.json.gz', bytes: cut(Object.values(SHARDS)[0]!) };
    const cases: [string, Buffer, string][] = [
      ['abo-images-small.tar', tarOf(photos).subarray(0, 5000), 'Expected a whole archive'],
      ['abo-images-small.tar', Buffer.from('<html>'), 'Expected a whole archive'],
      [
        'abo-images-small.tar',
        tarOf(photos.map((one) => ({ ...one, bytes: cut(one.bytes) }))),
        '12 of its 12 photos',
      ],
      ['abo-images-small.tar', tarOf([]), 'it has no photos'],
      ['abo-listings.tar', tarOf([shard]), 'listings_0.json.gz: it does not unpack'],
      ['abo-listings.tar', tarOf(photos), 'it has no listings'],
    ];
    for (const [name, bytes, message] of cases) {
      await rm(out, { recursive: true, force: true });
      const server = await serve({ files: (path) => (path.endsWith(name) ? bytes : files[path]) });
      const error = await failure(fetch(server));
      expect(error).toMatchObject({ code: 'DOWNLOAD_CORRUPT', key: join(out, name) });
      expect(error.message).toContain(message);
      expect(existsSync(join(out, name))).toBe(false);
    }
  });

  it('may have a damaged photo of the publisher’s own', async () => {
    const photos = IDS.map((id) => ({
      name: `images/small/${pathOf(id)}`,
      bytes: files[`/images/small/${pathOf(id)}`]!,
    }));
    photos[3] = { ...photos[3]!, bytes: Buffer.alloc(700) };
    const server = await serve({
      files: (path) => (path.endsWith('small.tar') ? tarOf(photos) : files[path]),
    });
    await fetch(server);
    expect(warnings).toEqual(['1 of 12 photos in abo-images-small.tar are damaged: images/small/dd/d.jpg']);
  });
});

it('keeps a part and a whole, small photos and originals apart, and a dump of somebody else', async () => {
  const server = await serve();
  await fetch(server, { limit: 1 });
  const asked = server.asked.length;
  expect(await failure(fetch(server))).toMatchObject({ code: 'USAGE', key: out });
  expect(await failure(fetch(server, { limit: 1, originals: true }))).toMatchObject({ code: 'USAGE' });
  await rm(join(out, '.fetched'), { recursive: true });
  expect(await failure(fetch(server, { limit: 1 }))).toMatchObject({ code: 'USAGE' });
  expect(server.asked).toHaveLength(asked);
  await rm(out, { recursive: true });
  await fetch(server);
  expect(await failure(fetch(server, { limit: 1 }))).toMatchObject({
    code: 'USAGE',
    message: 'Expected a folder for a part of the dump but it has abo-listings.tar',
  });
});
