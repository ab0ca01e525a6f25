import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineError } from '#src/errors.js';
import { eventBus } from '#src/events.js';
import { indexArchive } from '#src/sources/archive.js';
import { readTar, type TarEntry, tarEntries } from '#src/sources/tar.js';
import { collect } from '../context.js';
import { temporaryFolder } from '../fixtures.js';
import { type Member, pax, tarOf } from '../tar.js';

const options = { signal: new AbortController().signal, hint: 'do this' };
let folder: { path: string; dispose(): Promise<void> };
let archive: string;
beforeAll(async () => {
  folder = await temporaryFolder('tar');
  archive = join(folder.path, 'a.tar');
});
afterAll(() => folder.dispose());

async function entriesOf(bytes: Uint8Array): Promise<TarEntry[]> {
  await writeFile(archive, bytes);
  return collect(tarEntries(archive, options));
}

/** Names, and bytes read from where the entries say that they lie. */
async function contentsOf(bytes: Buffer): Promise<[string, string][]> {
  const entries = await entriesOf(bytes);
  return entries.map(({ name, offset, size }) => [name, bytes.toString('utf8', offset, offset + size)]);
}

describe('an archive', () => {
  it('gives its files where they lie, of any size', async () => {
    const file = fc.record({
      name: fc.stringMatching(/^[a-z]{1,20}(\/[a-z]{1,20}){0,3}$/),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 1500 }),
        // Around and over what is read at a time.
        fc.integer({ min: 255_000, max: 530_000 }).map((length) => new Uint8Array(length).fill(length)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 12 }), async (members) => {
        const bytes = tarOf(members);
        const found = await entriesOf(bytes);
        expect(found.map(({ name, size }) => [name, size])).toEqual(
          members.map((member) => [member.name, member.bytes.length]),
        );
        for (const [index, { offset, size }] of found.entries()) {
          expect(bytes.subarray(offset, offset + size).equals(members[index]!.bytes)).toBe(true);
        }
        const read = await collect(readTar(archive, options));
        expect(read.every((member, index) => member.bytes.equals(members[index]!.bytes))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('has long names by GNU’s and pax’s rules, prefixes, and sizes in records and in base 256', async () => {
    const long = `images/${'l'.repeat(300)}.jpg`;
    const base256 = Buffer.alloc(12);
    base256[0] = 0x80;
    base256[11] = 3;
    const file = (name: string, text: string, more: Partial<Member> = {}): Member => ({
      name,
      bytes: Buffer.from(text),
      ...more,
    });
    const bytes = tarOf([
      { ...pax('path', 'of-all-that-follow'), kind: 'g' },
      { name: '././@LongLink', kind: 'L', bytes: Buffer.from(`${long}\0`) },
      file('cut', 'one'),
      pax('path', `${long}é`),
      file('cut', 'two'),
      file('base.jpg', 'six', { prefix: 'images/small' }),
      pax('size', '4'),
      file('pax', 'four', { size: 0 }),
      file('gnu', 'abc', { sizeField: base256 }),
      pax('mtime', '1.5'),
      file('old', 'seven', { kind: '\0' }),
    ]);
    expect(await contentsOf(bytes)).toEqual([
      [long, 'one'],
      [`${long}é`, 'two'],
      ['images/small/base.jpg', 'six'],
      ['pax', 'four'],
      ['gnu', 'abc'],
      ['old', 'seven'],
    ]);
  });

  it('is read without its folders, links and devices', async () => {
    const bytes = tarOf([
      { name: 'folder/', kind: '5' },
      { name: 'old-folder/', kind: '\0' },
      // Old archives give a hard link the size of its file, and no bytes.
      { name: 'hard', kind: '1', size: 4000 },
      { name: '././@LongLink', kind: 'K', bytes: Buffer.from('somewhere') },
      { name: 'soft', kind: '2' },
      { name: 'device', kind: '3' },
      { name: 'pipe', kind: '6' },
      { name: 'file', bytes: Buffer.from('f') },
    ]);
    expect(await contentsOf(bytes)).toEqual([['file', 'f']]);
  });

  it('is refused where it is cut, wherever that is', async () => {
    const whole = tarOf(
      [
        { name: 'a', bytes: Buffer.alloc(700, 1) },
        pax('path', 'b'.repeat(120)),
        { name: 'b', bytes: Buffer.alloc(300_000, 2) },
      ],
      { end: 0 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length }), async (length) => {
        await expect(entriesOf(whole.subarray(0, length))).rejects.toMatchObject({
          code: 'INPUT_INVALID',
          message: 'Expected a whole archive',
          hint: 'do this',
        });
      }),
      { numRuns: 40, examples: [[0], [512], [whole.length]] },
    );
  });

  it('never crashes, whatever its bytes are', async () => {
    const whole = tarOf([
      pax('path', 'a'),
      { name: 'a', bytes: Buffer.alloc(20, 1) },
      { name: 'b', bytes: Buffer.alloc(600, 1) },
    ]);
    const flips = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
    });
    const judge = async (bytes: Buffer) => {
      try {
        for (const { offset, size } of await entriesOf(bytes)) {
          expect(offset + size).toBeLessThanOrEqual(bytes.length);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(PipelineError);
        expect((error as PipelineError).code).toBe('INPUT_INVALID');
      }
    };
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        await judge(bytes);
      }),
      { numRuns: 100 },
    );
    // Numbers that are none, with a checksum that is right.
    for (const value of ['-5', '', '9e3', '1e15', '999999999999999']) {
      await judge(tarOf([pax('size', value), { name: 'a', bytes: Buffer.alloc(20) }]));
    }
    const field = Buffer.alloc(12, 0xff);
    await judge(tarOf([{ name: 'a', sizeField: field }]));
    field[0] = 0x80;
    await judge(tarOf([{ name: 'a', sizeField: field }]));
    await judge(tarOf([{ name: 'a', kind: 'x', size: 70_000, bytes: Buffer.alloc(70_000, 'a') }]));
    await judge(tarOf([{ name: 'a', kind: 'x', bytes: Buffer.from('0 path=b\n') }]));
  });

  it('says so where it is compressed', async () => {
    await expect(entriesOf(gzipSync(tarOf([{ name: 'a', bytes: randomBytes(2000) }])))).rejects.toMatchObject(
      {
        code: 'INPUT_INVALID',
        message: 'Expected an archive that is not compressed',
      },
    );
  });

  it('stops when asked', async () => {
    await writeFile(archive, tarOf([{ name: 'a' }]));
    const entries = tarEntries(archive, { ...options, signal: AbortSignal.abort() });
    await expect(collect(entries)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

it('is indexed with word of how far that got', async () => {
  await writeFile(archive, tarOf(Array.from({ length: 9000 }, (_, at) => ({ name: `${at}` }))));
  const events = eventBus();
  const told: unknown[] = [];
  events.events.subscribe((event) => told.push(event));
  const index = await indexArchive(archive, { ...options, events });
  expect([...index.names()]).toHaveLength(9000);
  const progress = { type: 'progress', stage: 'a.tar', unit: 'members' };
  expect(told).toEqual([4096, 8192].map((done) => ({ ...progress, done })));
});

const gnu = execFileSync('tar', ['--version']).toString().includes('GNU');
if (!gnu) console.warn('SKIPPED: no GNU tar writes archives here');

describe.skipIf(!gnu)('an archive that tar wrote', () => {
  const names = ['a.jpg', `${'d'.repeat(90)}/${'e'.repeat(90)}.jpg`, 'ü/é.jpg'];

  it.each(['gnu', 'ustar', 'posix'])('is read in the format %s', async (format) => {
    const root = join(folder.path, format);
    for (const name of names) {
      await mkdir(dirname(join(root, 'images', name)), { recursive: true });
      await writeFile(join(root, 'images', name), `bytes of ${name}`);
    }
    await symlink('a.jpg', join(root, 'images/link.jpg'));
    execFileSync('tar', ['-C', root, `--format=${format}`, '-cf', archive, './images']);
    const contents = await contentsOf(await readFile(archive));
    expect(contents.sort()).toEqual(names.map((name) => [`./images/${name}`, `bytes of ${name}`]).sort());
  });

  it('is as it would be unpacked: the last of one name counts', async () => {
    const root = join(folder.path, 'again');
    await mkdir(root);
    await writeFile(join(root, 'a.jpg'), 'first');
    execFileSync('tar', ['-C', root, '-cf', archive, 'a.jpg']);
    await writeFile(join(root, 'a.jpg'), 'the second');
    execFileSync('tar', ['-C', root, '-rf', archive, './a.jpg']);
    const index = await indexArchive(archive, options);
    expect([...index.names()]).toEqual(['a.jpg']);
    expect(index.place('a.jpg')).toMatch(/\+10$/);
    await truncate(archive, 1000);
    await expect(indexArchive(archive, options)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      hint: expect.stringContaining('Fetch it again'),
    });
  });
});
