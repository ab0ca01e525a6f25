import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPhotoFile, readPhotoFile } from '#src/photo-file.js';
import { placeOf } from '#src/place.js';
import { temporaryFolder } from './fixtures.js';

const signal = new AbortController().signal;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('photo-file');
});
afterAll(() => folder.dispose());

/** An archive that is nothing but its members’ bytes: whoever reads by position needs no more. */
async function archiveOf(bytes: string): Promise<string> {
  const path = join(await mkdtemp(join(folder.path, 'archive-')), 'a.tar');
  await writeFile(path, bytes);
  return path;
}

it('reads a member of an archive where it lies', async () => {
  const archive = await archiveOf('onetwothree');
  expect(readPhotoFile(placeOf({ archive, offset: 3, size: 3 })).toString()).toBe('two');
  expect(readPhotoFile(placeOf({ archive, offset: 3, size: 0 }))).toHaveLength(0);
  expect(await hashPhotoFile(placeOf({ archive, offset: 6, size: 5 }), signal)).toBe(sha256('three'));
});

it('gives what is there of a member that was cut', async () => {
  const archive = await archiveOf('onetwo');
  const read = (offset: number, size: number) => readPhotoFile(placeOf({ archive, offset, size })).toString();
  expect(read(3, 100)).toBe('two');
  expect(read(900, 100)).toBe('');
  await truncate(archive, 4);
  expect(read(3, 3)).toBe('t');
});

it('refuses members that are too large, and archives that are none', async () => {
  const archive = await archiveOf('x');
  const member = (path: string, size = 1) => placeOf({ archive: path, offset: 0, size });
  const codeOf = async (place: string) => {
    const error = await hashPhotoFile(place, signal).catch((error: unknown) => error);
    expect(() => readPhotoFile(place)).toThrow((error as Error).message);
    return (error as { code: string }).code;
  };
  expect(await codeOf(member(archive, 2 ** 40))).toBe('IMAGE_TOO_LARGE');
  expect(await codeOf(member(folder.path))).toBe('IMAGE_NOT_AN_IMAGE');
  expect(await codeOf(member(`${archive}.gone`))).toBe('NOT_FOUND');
  expect(await codeOf(`${archive}/images/small/aa/a.jpg`)).toBe('NOT_FOUND');
});

it('reads the archive that lies there now', async () => {
  const archive = await archiveOf('old');
  const read = () => readPhotoFile(placeOf({ archive, offset: 0, size: 3 })).toString();
  expect(read()).toBe('old');
  await writeFile(`${archive}.new`, 'new');
  await rename(`${archive}.new`, archive);
  expect(read()).toBe('new');
  await rm(archive);
  expect(read).toThrow('Expected a photo at');
});

it.skipIf(process.platform !== 'linux')(
  'keeps one archive open for all its photos, and few in all',
  async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const archives = await Promise.all(Array.from({ length: 20 }, (_, at) => archiveOf(`${at % 10}`)));
    const read = (archive: string) => readPhotoFile(placeOf({ archive, offset: 0, size: 1 })).toString();
    for (const [at, archive] of archives.entries()) expect(read(archive)).toBe(`${at % 10}`);
    const before = open();
    for (let times = 0; times < 3; times++) expect(read(archives[19]!)).toBe('9');
    expect(open()).toBe(before);
    for (const [at, archive] of archives.entries()) expect(read(archive)).toBe(`${at % 10}`);
    expect(open()).toBeLessThanOrEqual(before + 8);
  },
);
