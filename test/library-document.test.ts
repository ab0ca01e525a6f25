import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './documents/commands.js';
import { workspace } from './documents/workspace.js';
import { jpeg } from './fixtures.js';

const DOCUMENT = 'docs/library.md';
const TEXT = await readFile(join(ROOT, DOCUMENT), 'utf8');

/** The document's blocks of TypeScript, by the line that each begins in. */
const BLOCKS = [...TEXT.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(({ 1: code, index }) => ({
  name: `line-${TEXT.slice(0, index).split('\n').length + 1}`,
  code: code!,
}));
/** Those that are no program of their own: they go on from the one before. */
const isPart = (code: string) => !code.includes('import ');
/** Of a part: what the text around it has named. */
const AROUND = `
import { batches, openCache, openReaders } from 'abo-pipeline';
declare const cache: ReturnType<typeof openCache>;
declare const samples: { key: number; label: number }[];
declare function train(values: unknown): void;
`;
const PROGRAMS = BLOCKS.filter(({ code }) => /\n\n/.test(code) && !isPart(code));

let folder: Awaited<ReturnType<typeof workspace>>;
const node = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: folder.path });

/** A folder of a user's own, with the package, and a small run of the demo with its model. */
beforeAll(async () => {
  folder = await workspace('library');
  const own = join(folder.path, 'own');
  await mkdir(join(own, 'node_modules'), { recursive: true });
  await symlink(ROOT, join(own, 'node_modules/abo-pipeline'));
  for (const { name, code } of BLOCKS) {
    await writeFile(join(own, `${name}.ts`), isPart(code) ? `${AROUND}${code}` : code);
  }
  const types = join(ROOT, 'node_modules/@types');
  await writeFile(
    join(own, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { rootDir: '.', outDir: 'dist', declaration: false, sourceMap: false, typeRoots: [types], types: ['node'], noUnusedLocals: false },
      include: ['*.ts'],
    }),
  ); // biome-ignore format: one line
  await writeFile(join(own, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder.path, 'photo.jpg'), await jpeg(1));
  await node(join(ROOT, 'bin/pipeline'), 'synth', '--out', 'runs/demo-dump', '--listings', '150', '-q');
  const run = '--recipe recipes/demo.yaml --set cache.size=48 --source runs/demo-dump --out runs/demo -q';
  await node(join(ROOT, 'bin/pipeline'), 'run', '--backend', 'wasm', ...run.split(' '));
}, 300_000);
afterAll(() => folder.dispose());

it(`${DOCUMENT} compiles, strictly`, async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await node(tsc, '-p', join(folder.path, 'own')).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
}, 120_000);

it.each(PROGRAMS)(
  'its program of $name runs',
  async ({ name }) => {
    const { stdout } = await node(join(folder.path, 'own/dist', `${name}.js`));
    expect(stdout).not.toBe('');
  },
  120_000,
);
