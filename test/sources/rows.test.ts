import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aboSource } from '#src/sources/abo.js';
import { readRows } from '#src/sources/shard.js';
import { unzstd } from '#src/sources/zstd.js';
import { collect } from '../context.js';
import { jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';
import { tarOf } from '../tar.js';

const signal = new AbortController().signal;
const NO_ZSTD = spawnSync('zstd', ['--version']).error !== undefined;
if (NO_ZSTD) console.warn('SKIPPED: what the zstd command packs is not read (no zstd here)');

/** Packs by the system's own `zstd`. */
const zstd = (bytes: Buffer | string, ...options: string[]) =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 2 ** 28 });

/**
 * A frame without compression, made by hand after RFC 8878: no checksum, window of 1 KB, raw blocks, so that these
 * tests need no `zstd`.
 */
function zstdFrame(bytes: Buffer, block = 100): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00])];
  for (let at = 0; at === 0 || at < bytes.length; at += block) {
    const part = bytes.subarray(at, at + block);
    const header = Buffer.alloc(3);
    header.writeUIntLE((part.length << 3) | (at + block >= bytes.length ? 1 : 0), 0, 3);
    parts.push(header, part);
  }
  return Buffer.concat(parts);
}
const skippable = (size: number) =>
  Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, size, 0, 0, 0]), Buffer.alloc(size, 7)]);

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

const read = (bytes: Buffer, { size = 1000, shard }: { size?: number; shard?: string } = {}) =>
  collect(readRows(chunked(bytes, size), { signal, ...(shard !== undefined && { shard }) }));
const idsOf = (rows: { text: string }[]) =>
  rows.map(({ text }) => (text === '' ? '-' : (JSON.parse(text) as { item_id: string }).item_id));

const LISTINGS = ['A', 'B', 'C'].map((id) => listing(id, 'SHOES', id));
const LINES = Buffer.from(LISTINGS.map((one) => `${JSON.stringify(one)}\n`).join(''));
const [FIRST, REST] = [LINES.subarray(0, 50), LINES.subarray(50)];
const ARRAY = Buffer.from(`\uFEFF \n${JSON.stringify(LISTINGS)}\n`);
const ARCHIVE = tarOf([
  { name: 'listings/', kind: '5' },
  { name: 'listings/README.md', bytes: Buffer.from('{"item_id": "no shard"}\n'.repeat(99)) },
  { name: 'listings/metadata/listings_0.json.gz', bytes: gzipSync(LINES) },
  { name: 'listings/metadata/listings_1.json', bytes: ARRAY },
]);

const KINDS: Record<string, Buffer> = {
  lines: LINES,
  'lines after blank ones': Buffer.concat([Buffer.from('\n  \n\n'), LINES]),
  'one array': ARRAY,
  'gzip of one member': gzipSync(LINES),
  'gzip of several members': Buffer.concat([gzipSync(FIRST), gzipSync(''), gzipSync(REST)]),
  'gzip of one array': gzipSync(ARRAY),
  'zstd of one frame': zstdFrame(LINES),
  'zstd of several frames': Buffer.concat([
    zstdFrame(FIRST),
    skippable(9),
    zstdFrame(Buffer.alloc(0)),
    zstdFrame(REST),
  ]),
  'zstd that begins with what is passed over': Buffer.concat([skippable(200), zstdFrame(LINES)]),
};

describe.each(Object.entries(KINDS))('%s', (_, bytes) => {
  it('gives its rows, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), async (size) => {
        expect(idsOf(await read(bytes, { size }))).toEqual(['A', 'B', 'C']);
      }),
      { numRuns: 20 },
    );
  });
});

describe('an archive that comes as a stream', () => {
  it.each([
    ['as it is', ARCHIVE],
    ['gzipped', gzipSync(ARCHIVE)],
    ['as Zstandard', zstdFrame(ARCHIVE)],
  ])('gives its shards’ rows with their names, %s', async (_, bytes) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (size) => {
        const rows = await read(bytes, { size });
        expect(idsOf(rows)).toEqual(['A', 'B', 'C', 'A', 'B', 'C']);
        expect(rows.map(({ shard, line }) => `${shard}:${line}`)).toEqual([
          ...[1, 2, 3].map((line) => `listings_0.json.gz:${line}`),
          ...[1, 2, 3].map((line) => `listings_1.json:${line}`),
        ]);
      }),
      { numRuns: 12 },
    );
  });

  it('goes on after a member that cannot be unpacked', async () => {
    const damaged = gzipSync(LINES);
    damaged.fill(0xff, 12, 40);
    const members = [
      { name: 'listings_0.json.gz', bytes: damaged },
      { name: 'listings_1.json.gz', bytes: Buffer.concat([gzipSync(LINES), Buffer.alloc(300)]) },
      { name: 'listings_2.json.zst', bytes: zstdFrame(LINES).subarray(0, 120) },
      { name: 'listings_3.json', bytes: LINES },
    ];
    const rows = await read(tarOf(members), { size: 64 });
    const byShard = (name: string) => rows.filter(({ shard }) => shard?.startsWith(name));
    expect(byShard('listings_0').at(-1)?.fault?.reason).toBe('unreadable-shard');
    expect(byShard('listings_2').at(-1)?.fault?.reason).toBe('truncated-shard');
    for (const name of ['listings_1', 'listings_3']) expect(idsOf(byShard(name))).toEqual(['A', 'B', 'C']);
  });

  it.each([ARCHIVE.length - 1024 - 512, 512 * 6, 700])('says once that it was cut at byte %i', async (at) => {
    const faults = (await read(ARCHIVE.subarray(0, at))).flatMap(({ fault }) => fault ?? []);
    expect(faults).toHaveLength(1);
    expect(faults[0]!.detail).toContain('whole archive');
  });
});

describe('what goes wrong', () => {
  it.each([
    ['gzip', gzipSync(LINES).subarray(0, -20), 'truncated-shard'],
    [
      'the second member of gzip',
      Buffer.concat([gzipSync(LINES), gzipSync(LINES).subarray(0, 30)]),
      'truncated-shard',
    ],
    ['zstd', zstdFrame(LINES).subarray(0, -20), 'truncated-shard'],
    [
      'a frame’s header of zstd',
      Buffer.concat([zstdFrame(LINES), zstdFrame(LINES).subarray(0, 5)]),
      'truncated-shard',
    ],
    ['one array', ARRAY.subarray(0, -3), 'unreadable-shard'],
  ])('is said at the end of what could be read: %s was cut', async (_, bytes, reason) => {
    const rows = await read(bytes);
    const faults = rows.flatMap(({ fault }) => fault ?? []);
    expect(faults).toMatchObject([{ reason }]);
    expect(rows.at(-1)!.fault).toBeDefined();
  });

  it.each([
    ['gzip', Buffer.concat([gzipSync(LINES), Buffer.from('xx')]), 3],
    ['an element that is none', Buffer.from('[{"item_id":"A"},{"item_id":"B"},,{"item_id":"C"}]'), 2],
    ['an array that is not closed', Buffer.from('[{"item_id":"A"},{"item_id":"B"}'), 2],
    ['more than one array', Buffer.from('[{"item_id":"A"}] [{"item_id":"B"}]'), 1],
  ])('is said after all rows before it, of %s', async (_, bytes, count) => {
    for (const size of [1, 7, 10_000]) {
      const rows = await read(bytes, { size });
      expect(idsOf(rows)).toEqual([...['A', 'B', 'C'].slice(0, count), '-']);
      expect(rows.at(-1)).toMatchObject({ line: count + 1, fault: { reason: 'unreadable-shard' } });
    }
  });

  it('is said of an element of an array that is not UTF-8, and of no other', async () => {
    const bytes = Buffer.concat([
      Buffer.from('[{"item_id":"A\uFFFD"},{"item_id":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"},{"item_id":"Ü"}]'),
    ]);
    for (const size of [1, 3, 10_000]) {
      const rows = await read(bytes, { size });
      expect(idsOf(rows).slice(1)).toEqual(['-', 'Ü']);
      expect(rows[1]).toMatchObject({ line: 2, fault: { reason: 'invalid-utf8' } });
    }
    expect(idsOf(await read(Buffer.from('[{"item_id":"A\uFFFD"}]')))).toEqual(['A\uFFFD']);
  });

  it('is told of a file that is not what its name says', async () => {
    for (const shard of ['listings_0.json.gz', 'listings_0.json.zst']) {
      const rows = await read(LINES, { shard });
      expect(rows).toMatchObject([{ shard, line: 1, fault: { reason: 'unreadable-shard' } }]);
    }
    // The other way round nothing is lost by looking.
    expect(idsOf(await read(gzipSync(LINES), { shard: 'listings_0.json' }))).toEqual(['A', 'B', 'C']);
  });

  it('never holds what a few bytes say of themselves: a line of gigabytes is passed over', async () => {
    // Blocks that repeat one byte 128 KB long (RFC 8878, 3.1.1.2.2): 32 GB in 1 MB, of which 64 MB are read.
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
    const block = Buffer.from([0x02, 0x00, 0x10, 0x61]);
    const bomb = Buffer.concat([header, ...Array.from({ length: 250_000 }, () => block)]);
    let seen = 0;
    let largest = 0;
    for await (const part of unzstd(chunked(bomb, 256 * 1024))) {
      seen += part.length;
      largest = Math.max(largest, process.memoryUsage().arrayBuffers);
      if (seen > 64 * 2 ** 20) break;
    }
    expect(largest).toBeLessThan(200 * 2 ** 20);
  });
});

describe.skipIf(NO_ZSTD)('what the zstd command packs', () => {
  const text = Array.from({ length: 4000 }, (_, n) =>
    JSON.stringify(listing(`I${n}`, 'SHOES', `m${n}`, { n: n ** 5 })),
  );
  const bytes = Buffer.from(text.map((line) => `${line}\n`).join(''));

  it.each([['-1'], ['-3'], ['-19'], ['--long=24', '-9'], ['--no-check'], ['-B1KiB', '-T2']])(
    'is unpacked to the same bytes: zstd %s',
    async (...options) => {
      const packed = zstd(bytes, ...options.flat());
      for (const size of [7, 1009, packed.length]) {
        const found = Buffer.concat(await collect(unzstd(chunked(packed, size))));
        expect(found.equals(bytes)).toBe(true);
      }
    },
  );

  it('is unpacked from frames one after the other, thousands of them too', async () => {
    const lines = text.slice(0, 40);
    const frames = Buffer.concat(lines.map((line) => zstd(`${line}\n`)));
    const many = Buffer.concat(Array.from({ length: 100 }, () => frames));
    const found = Buffer.concat(await collect(unzstd(chunked(many, 256 * 1024))));
    expect(found.toString()).toBe(
      lines
        .map((line) => `${line}\n`)
        .join('')
        .repeat(100),
    );
  });
});

describe('a dump', () => {
  let folder: { path: string; dispose(): Promise<void> };
  beforeAll(async () => {
    folder = await temporaryFolder('rows');
    await writeDump(folder.path, { shards: { 'listings_0.json': LISTINGS }, images: [{ id: 'A' }] });
  });
  afterAll(() => folder.dispose());

  it('may have its shards and its table as Zstandard', async () => {
    const root = join(folder.path, 'zstd');
    await writeDump(root, { shards: { 'listings_0.json.zst': zstdFrame(LINES) }, images: [] });
    const table = 'image_id,height,width,path\nA,1,2,aa/a.jpg\n';
    await mkdir(join(root, 'images/metadata'), { recursive: true });
    await writeFile(join(root, 'images/metadata/images.csv.zst'), zstdFrame(Buffer.from(table)));
    await rm(join(root, 'images/metadata/images.csv.gz'));
    const source = await aboSource({ dir: root });
    expect(idsOf(await collect(source.rows(signal)))).toEqual(['A', 'B', 'C']);
    expect(await collect(source.images(signal))).toEqual([
      { imageId: 'A', path: 'aa/a.jpg', width: 2, height: 1 },
    ]);
  });

  it.each(Object.entries({ ...KINDS, archive: tarOf([{ name: 'listings_0.json', bytes: LINES }]) }))(
    'comes through stdin as %s',
    async (_, bytes) => {
      const stdin = (async function* () {
        yield bytes;
      })();
      const source = await aboSource({ stdin, images: folder.path });
      expect(idsOf(await collect(source.rows(signal)))).toEqual(['A', 'B', 'C']);
    },
  );

  it('comes through a filter’s stdin in any of these', async () => {
    const plain = await pipeline(['parse', '-q'], { input: LINES });
    expect(jsonLines<{ itemId: string }>(plain.stdout).map(({ itemId }) => itemId)).toEqual(['A', 'B', 'C']);
    const packed = await pipeline(['parse', '-q'], { input: ARCHIVE });
    expect(packed.code).toBe(0);
    const shards = jsonLines<{ itemId: string; shard: string; line: number }>(packed.stdout);
    // The second shard says what the first said.
    expect(shards.map(({ itemId, shard, line }) => [itemId, shard, line])).toEqual(
      ['A', 'B', 'C'].map((id, index) => [id, 'listings_0.json.gz', index + 1]),
    );
  });
});
