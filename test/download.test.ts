import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadMeter } from '#src/download/meter.js';
import { type Checksum, type DownloadOptions, download } from '#src/download.js';
import { eventBus, type PipelineEvent } from '#src/events.js';
import { type FileServerOptions, fileServer } from './file-server.js';

const BYTES = randomBytes(200_000);
const hex = (algorithm: Checksum['algorithm'], bytes: Buffer) =>
  createHash(algorithm).update(bytes).digest('hex');
const CHECKSUM: Checksum = { algorithm: 'md5', hex: hex('md5', BYTES) };

let folder: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await rm(folder, { recursive: true });
});

async function serve(options: Partial<FileServerOptions> = {}) {
  const server = await fileServer({ files: { '/file': BYTES }, ...options });
  closers.push(server.close);
  return server;
}

const get = (server: { origin: string }, more: Partial<DownloadOptions> = {}) =>
  download({ ...options(server), ...more });

const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeDefined();
  return error;
};

async function expectFile(bytes = BYTES) {
  expect((await readFile(join(folder, 'file'))).equals(bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(['file']);
}

describe('a download', () => {
  it('makes the file, tells how far it is, and is done once', async () => {
    const server = await serve();
    const events = eventBus();
    const seen: PipelineEvent[] = [];
    events.events.subscribe((event) => seen.push(event));
    expect(await get(server, { onBytes: downloadMeter(events)('file') })).toBe(true);
    await expectFile();
    const whole = Math.round(BYTES.length / 1e6);
    expect(seen.at(-1)).toEqual({
      type: 'progress',
      stage: 'download',
      done: whole,
      total: whole,
      unit: 'MB',
    });
    expect(await get(server)).toBe(false);
    expect(server.asked).toHaveLength(1);
  });

  it('takes the place of a file of that name with other bytes', async () => {
    await writeFile(join(folder, 'file'), 'something else');
    const server = await serve();
    expect(await get(server)).toBe(true);
    await expectFile();
  });

  it.each([true, false])('ends with the same file wherever it is cut (ranges: %s)', async (ranges) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 2 }), async (cuts) => {
        const answers = [...cuts.map((cutAfter) => ({ cutAfter })), 'whole' as const];
        const server = await serve({ ranges, answers });
        await get(server);
        await expectFile();
        await rm(join(folder, 'file'));
        expect(server.asked).toHaveLength(cuts.length + 1);
        // What was on its way to the disk when the connection broke is asked for again.
        let received = 0;
        for (const [k, { range }] of server.asked.entries()) {
          expect(Number(/\d+/.exec(range ?? '0')![0])).toBeLessThanOrEqual(received);
          received += cuts[k] ?? 0;
        }
      }),
      { numRuns: 8 },
    );
  });

  it('goes on in the next call, with the same file only', async () => {
    const broken = await serve({ answers: [{ cutAfter: 120_000 }, { cutAfter: 0 }] });
    const error = await failure(get(broken));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('goes on') });
    expect(existsSync(join(folder, 'file'))).toBe(false);
    const same = await serve();
    await get(same);
    expect(same.asked.map(({ range }) => range)).toEqual(['bytes=120000-']);
    await expectFile();

    await rm(join(folder, 'file'));
    await failure(get(await serve({ answers: [{ cutAfter: 120_000 }, { cutAfter: 0 }] })));
    const changed = randomBytes(180_000);
    const server = await serve({ files: { '/file': changed } });
    // Without a checksum the tag alone tells them apart.
    const { checksum: _, ...rest } = options(server);
    await download(rest);
    await expectFile(changed);
  });

  it('goes on with a file of the same date, where the server has no tags', async () => {
    const dated = (date: string, more: Partial<FileServerOptions> = {}) =>
      serve({ tags: false, headers: () => ({ 'last-modified': date }), ...more });
    const [monday, tuesday] = ['Mon, 23 Nov 2026 10:00:00 GMT', 'Tue, 24 Nov 2026 10:00:00 GMT'];
    const broken = { answers: [{ cutAfter: 120_000 }, { cutAfter: 0 }] };
    const { checksum: _, ...rest } = options({ origin: '' });
    const from = ({ origin }: { origin: string }) => download({ ...rest, url: `${origin}/file` });
    await failure(from(await dated(monday, broken)));
    const same = await dated(monday);
    await from(same);
    expect(same.asked[0]!.headers['if-range']).toBe(monday);
    await expectFile();

    await rm(join(folder, 'file'));
    await failure(from(await dated(monday, broken)));
    const changed = randomBytes(180_000);
    await from(await dated(tuesday, { files: { '/file': changed } }));
    await expectFile(changed);
  });

  it('gives up a connection on which nothing comes', async () => {
    const server = await serve({ answers: [{ stallAfter: 50_000 }, 'whole'] });
    await get(server, { stallMs: 150 });
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-']);
    await expectFile();
    await rm(join(folder, 'file'));
    const dead = await serve({ answers: [{ stallAfter: 0 }] });
    const error = await failure(get(dead, { stallMs: 50 }));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(error.cause.message).toContain('Nothing came for 0.05 s');
    expect(dead.asked).toHaveLength(3);
  });

  it('starts again where the server goes on from elsewhere', async () => {
    const server = await serve({ answers: [{ cutAfter: 50_000 }, { skip: 7 }, 'whole'] });
    await get(server);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-', undefined]);
    await expectFile();
  });

  it('is whole where nothing is left to send, and starts again where more is there than the server has', async () => {
    const server = await serve({ tags: false });
    await writeFile(join(folder, 'file.part'), BYTES);
    await get(server);
    await expectFile();
    await rm(join(folder, 'file'));
    await writeFile(join(folder, 'file.part'), Buffer.concat([BYTES, BYTES]));
    await get(server);
    await expectFile();
    expect(server.asked.map(({ range }) => range)).toEqual(['bytes=200000-', 'bytes=400000-', undefined]);
  });

  it('asks again after 500, 503 and 429, and not before the server wants it', async () => {
    const server = await serve({
      answers: [{ status: 500 }, { status: 429, headers: { 'retry-after': '1' } }, 'whole'],
    });
    const start = Date.now();
    await get(server);
    expect(Date.now() - start).toBeGreaterThan(900);
    await expectFile();
    await rm(join(folder, 'file'));
    const busy = await serve({ answers: [{ status: 503 }] });
    const error = await failure(get(busy));
    expect(error).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      cause: { message: expect.stringContaining('503') },
    });
    expect(busy.asked).toHaveLength(3);
    const away = await serve({ answers: [{ status: 429, headers: { 'retry-after': '3600' } }] });
    const later = await failure(get(away));
    expect(later).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringContaining('3600 s') });
    expect(away.asked).toHaveLength(1);
  });

  it('fails at once where there is no such file, and where nobody answers', async () => {
    const server = await serve({ files: {} });
    expect(await failure(get(server))).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: 'Look elsewhere.' });
    expect(server.asked).toHaveLength(1);
    const error = await failure(get({ origin: 'http://127.0.0.1:1' }));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', hint: expect.stringMatching('^Bring it over.') });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is thrown away where it is another file', async () => {
    const server = await serve({ files: { '/file': randomBytes(1000) } });
    expect(await failure(get(server))).toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is checked by what the server states where nothing is published', async () => {
    const stating = (bytes: Buffer) => ({
      'x-goog-hash': `crc32c=AAAAAA==, md5=${createHash('md5').update(bytes).digest('base64')}`,
    });
    const good = await serve({ headers: stating });
    const { checksum: _, ...rest } = options(good);
    await download(rest);
    await expectFile();
    await rm(join(folder, 'file'));
    const { checksum: __, ...bad } = options(await serve({ headers: () => stating(Buffer.from('x')) }));
    expect(await failure(download(bad))).toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
  });

  it('is checked by an ETag that is an MD5, where it can be one', async () => {
    const etag = (tag: string, more = {}) => ({ headers: () => ({ etag: `"${tag}"`, ...more }) });
    const md5 = hex('md5', BYTES);
    const other = hex('md5', Buffer.from('x'));
    const from = async (served: Partial<FileServerOptions>) => {
      const { checksum: _, ...rest } = options(await serve(served));
      return download(rest);
    };
    expect(await failure(from(etag(other)))).toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    expect(await readdir(folder)).toEqual([]);
    // Of an upload in pieces, and of one that is encrypted by a key, it is none.
    const byKey = { 'x-amz-server-side-encryption': 'aws:kms' };
    for (const served of [etag(md5), etag(`${other}-31`), etag(other, byKey)]) {
      await from(served);
      await expectFile();
      await rm(join(folder, 'file'));
    }
  });

  it('asks on where the server sends less than it was asked for', async () => {
    const server = await serve({ answers: [{ cutAfter: 50_000 }, { short: 60_000 }, 'whole'] });
    await get(server);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-', 'bytes=110000-']);
    await expectFile();
  });

  it('takes the word of a check, of what came and of what was there', async () => {
    const server = await serve();
    const looks: boolean[] = [];
    const check = (wrong: string | undefined) => async (_: string, fresh: boolean) => {
      looks.push(fresh);
      return wrong;
    };
    const error = await failure(get(server, { check: check('it is cut') }));
    expect(error).toMatchObject({
      code: 'DOWNLOAD_CORRUPT',
      message: 'Expected the whole file but it is cut',
    });
    expect(await readdir(folder)).toEqual([]);
    expect(await get(server, { check: check(undefined) })).toBe(true);
    expect(await get(server, { check: check(undefined) })).toBe(false);
    expect(looks).toEqual([true, true, false]);
    expect(server.asked).toHaveLength(2);
  });

  it('does not begin where the rest has no room', async () => {
    const bytes = randomBytes(1_500_000);
    const server = await serve({ files: { '/file': bytes } });
    const error = await failure(get(server, { freeBytes: async () => 1_400_000 }));
    expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('2 MB free') });
    expect(await readdir(folder)).toEqual([]);
    expect(server.asked).toHaveLength(1);
  });

  it('asks again a server that hangs up', async () => {
    const server = await serve({ answers: ['hang up', 'hang up', 'whole'] });
    expect(await get(server)).toBe(true);
    await expectFile();
    const rude = await serve({ answers: ['hang up'] });
    await rm(join(folder, 'file'));
    expect(await failure(get(rude))).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(rude.asked).toHaveLength(3);
  });

  it('keeps the bytes of a packed file that the server calls encoded', async () => {
    const packed = gzipSync(BYTES);
    const server = await serve({
      files: { '/file': packed },
      answers: [{ cutAfter: 50_000 }, 'whole'],
      headers: () => ({ 'content-encoding': 'gzip' }),
    });
    const { checksum: _, ...rest } = options(server);
    await download(rest);
    await expectFile(packed);
  });

  it('waits for a server that was there before', async () => {
    const server = await serve();
    await server.close();
    const work = get(server, { known: true, attempts: 20, pauseMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const again = await serve({ port: Number(new URL(server.origin).port) });
    expect(await work).toBe(true);
    expect(again.asked).toHaveLength(1);
    await expectFile();
  });

  it('fails where the server says more than it has', async () => {
    const server = await serve({ answers: [{ longer: 1000 }], ranges: false });
    expect(await failure(get(server))).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(existsSync(join(folder, 'file'))).toBe(false);
  });

  it('leaves a part to go on from when it is cancelled, in a pause too', async () => {
    for (const answers of [[{ stallAfter: 70_000 }], [{ cutAfter: 70_000 }]]) {
      const server = await serve({ answers });
      const controller = new AbortController();
      const onBytes = () => void setTimeout(() => controller.abort(), 100);
      const work = get(server, { signal: controller.signal, onBytes, pauseMs: 60_000 });
      expect(await failure(work)).toMatchObject({ code: 'ABORTED' });
      expect((await readFile(join(folder, 'file.part'))).equals(BYTES.subarray(0, 70_000))).toBe(true);
      await rm(join(folder, 'file.part'));
    }
  });
});

function options({ origin }: { origin: string }): DownloadOptions {
  return {
    url: `${origin}/file`,
    checksum: CHECKSUM,
    file: join(folder, 'file'),
    signal: new AbortController().signal,
    hints: { offline: 'Bring it over.', missing: 'Look elsewhere.' },
    pauseMs: 1,
  };
}
