import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FoundDuplicates } from '#src/steps/duplicates.js';
import { jpeg, pipeline, temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
const at = (name: string) => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder('duplicates');
  await mkdir(at('shop/deep'), { recursive: true });
  await mkdir(at('other'));
  const photo = await jpeg(31, { width: 256, height: 200, quality: 92 });
  await writeFile(at('shop/a.jpg'), photo);
  await writeFile(at('shop/deep/b.JPG'), photo);
  const large = await sharp(photo).blur(3).resize(320, 250, { fit: 'fill' }).jpeg({ quality: 95 }).toBuffer();
  await writeFile(at('other/large.jpg'), large);
  await writeFile(
    at('other/small.png'),
    await sharp(large).resize(256, 200, { fit: 'fill' }).png().toBuffer(),
  );
  await writeFile(at('other/alone.jpg'), await jpeg(32, { width: 256, height: 200 }));
  await writeFile(at('other/cut.jpg'), photo.subarray(0, 500));
  await writeFile(at('other/notes.txt'), 'no photo');
  await symlink(at('shop/a.jpg'), at('other/link.jpg'));
});
afterAll(() => folder.dispose());

it('finds pictures across folders, the largest first to be kept', async () => {
  // The second names again what lies in the first.
  const { code, stdout } = await pipeline([
    'duplicates',
    at('shop'),
    at('shop/deep'),
    at('other'),
    '--json',
    '-q',
  ]);
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as FoundDuplicates;
  expect(found.photos).toBe(6);
  expect(found.unreadable).toEqual([
    {
      file: expect.stringMatching(/other/),
      reason: expect.any(String),
      detail: expect.stringMatching(/^Expected/),
    },
  ]);
  const same = found.groups.filter(({ relation }) => relation === 'same');
  const [large, small] = [at('other/large.jpg'), at('other/small.png')];
  expect(same).toEqual([
    {
      relation: 'same',
      representative: large,
      images: [large, small],
      pairs: [{ a: large, b: small, ground: 'near', distance: expect.any(Number) }],
    },
    {
      relation: 'same',
      representative: at('shop/a.jpg'),
      images: [at('shop/a.jpg'), at('shop/deep/b.JPG')],
      pairs: expect.arrayContaining([
        { a: at('shop/a.jpg'), b: at('shop/deep/b.JPG'), ground: 'bytes' },
        { a: at('shop/a.jpg'), b: at('shop/deep/b.JPG'), ground: 'pixels' },
      ]),
    },
  ]);
});

it('says the same in words', async () => {
  const { code, stdout } = await pipeline(['duplicates', at('shop'), '-q']);
  expect(code).toBe(0);
  expect(stdout).toContain(`  * ${at('shop/a.jpg')}\n    ${at('shop/deep/b.JPG')}\n`);
  expect(stdout).toContain('2 photos: 1 can be spared');
});

it('follows links to photos, each file once', async () => {
  await mkdir(at('links'));
  await symlink(at('shop/a.jpg'), at('links/1.jpg'));
  await symlink(at('other/alone.jpg'), at('links/2.jpg'));
  await symlink(at('nowhere.jpg'), at('links/3.jpg'));
  await symlink(at('shop'), at('links/folder.jpg'));
  const { stdout } = await pipeline(['duplicates', at('links'), at('shop'), '--json', '-q']);
  expect(JSON.parse(stdout)).toMatchObject({
    photos: 3,
    groups: [{ images: [at('shop/a.jpg'), at('shop/deep/b.JPG')] }],
  });
});

it('names what cannot be read', async () => {
  const { code, stdout } = await pipeline(['duplicates', at('other'), '-q']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Cannot be read:\n {4}\S*other\S*: Expected an? /);
  expect(stdout).toContain('; 1 cannot be read');
});

it('refuses what is no folder, and grounds that it does not know', async () => {
  const missing = await pipeline(['duplicates', at('nowhere')]);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^NOT_FOUND: /)]);
  const unknown = await pipeline(['duplicates', at('shop'), '--same', 'smell']);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/--same/)]);
});
