import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { View } from '#src/records.js';
import { imagesInFolder } from '#src/sources/images-root.js';
import type { ImageRow, RefuseRow } from '#src/sources/source.js';
import { join } from '#src/stages/join.js';
import { runOver, stream, testContext } from '../context.js';
import { temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let root: string;
beforeAll(async () => {
  folder = await temporaryFolder('join');
  root = joinPath(folder.path, 'small');
  await mkdir(joinPath(root, 'aa'), { recursive: true });
  await writeFile(joinPath(root, 'aa/a.jpg'), 'a');
  await writeFile(joinPath(folder.path, 'secret.jpg'), 's');
  await symlink('../../secret.jpg', joinPath(root, 'aa/link.jpg'));
});
afterAll(() => folder.dispose());

const view = (imageId: string): View => ({
  imageId,
  role: 'main',
  itemId: 'A',
  attributes: {},
  listing: 'd',
});
const row = (imageId: string, path: string): ImageRow => ({ imageId, path, width: 30, height: 20 });

async function run(views: View[], rows: ImageRow[], photos: 'decode' | 'none' = 'decode') {
  const context = testContext({ maxBad: 1 });
  const stage = join({ images: () => stream(rows), imagesRoot: imagesInFolder(root), photos });
  const out = await runOver(stage, views, context);
  const entries = context.entries.map(({ key, fate, reason }) => [key, fate, reason]);
  return { out, entries, counts: context.counts[0]! };
}

describe('join', () => {
  it('adds path, file and size, and counts rows that no view names', async () => {
    const { out, counts } = await run([view('a'), view('a')], [row('a', 'aa/a.jpg'), row('b', 'aa/b.jpg')]);
    expect(out).toHaveLength(2);
    expect(out[0]).toMatchObject({
      path: 'aa/a.jpg',
      file: joinPath(root, 'aa/a.jpg'),
      width: 30,
      height: 20,
    });
    expect(counts.orphans).toBe(1);
  });

  it('drops what the table or the disk does not have', async () => {
    const { entries } = await run([view('a'), view('x')], [row('a', 'aa/gone.jpg')]);
    expect(entries).toEqual([
      ['a', 'dropped', 'file-missing'],
      ['x', 'dropped', 'image-unknown'],
    ]);
  });

  it.each([
    '../secret.jpg',
    '/etc/passwd',
    'aa/../../secret.jpg',
    'aa\\a.jpg',
    'aa/link.jpg',
    '.',
    'aa/a.jpg\0.png',
  ])('quarantines a path that leaves the folder: %j', async (path) => {
    expect((await run([view('a')], [row('a', path)])).entries).toEqual([
      ['a', 'quarantined', 'path-outside'],
    ]);
  });

  it('trusts the table with photos: none, but never its way out', async () => {
    const { out, entries } = await run(
      [view('a'), view('b')],
      [row('a', 'aa/gone.jpg'), row('b', '../b.jpg')],
      'none',
    );
    expect(out.map(({ imageId }) => imageId)).toEqual(['a']);
    expect(entries).toEqual([['b', 'quarantined', 'path-outside']]);
  });

  it('takes the first of several rows for one id, and says so', async () => {
    const { out, entries } = await run([view('a')], [row('a', 'aa/a.jpg'), row('a', 'aa/b.jpg')]);
    expect(out[0]!.path).toBe('aa/a.jpg');
    expect(entries).toEqual([['a', 'conflict', 'image-path-conflict']]);
  });

  it('notes rows of the table that are none, and says how many', async () => {
    const context = testContext();
    const texts: string[] = [];
    context.events.events.subscribe((event) => event.type === 'message' && texts.push(event.text));
    const images = (refuse: RefuseRow) => {
      refuse(7, 'short');
      return stream([row('a', 'aa/a.jpg')]);
    };
    const stage = join({ images, imagesRoot: imagesInFolder(root), photos: 'none' });
    expect(await runOver(stage, [view('a')], context)).toHaveLength(1);
    expect(context.entries).toMatchObject([
      { key: 'images.csv:7', fate: 'conflict', reason: 'image-row-invalid' },
    ]);
    expect(texts.join()).toContain('1 rows that cannot be read');
  });
});
