import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleRecord } from '#src/records.js';
import type { Summary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

const RECIPE = join(fileURLToPath(new URL('../..', import.meta.url)), 'recipes/demo.yaml');
const SMALL = [
  ['tasks.product_type.minPerClass', '8'],
  ['tasks.product_type.cap', '12'],
  ['cache.size', '16'],
  ['model.phases.0.epochs', '1'],
].flatMap(([path, value]) => ['--set', `${path}=${value}`]);

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
beforeAll(async () => {
  folder = await temporaryFolder('recovery');
  dump = join(folder.path, 'dump');
  await synthesize({ out: dump, listings: 200, seed: 3, signal: new AbortController().signal });
});
afterAll(() => folder.dispose());

const command = (name: string, out: string, ...more: string[]) =>
  pipeline([name, '--recipe', RECIPE, '--source', dump, '--out', join(folder.path, out), ...SMALL, ...more]);

const summaryOf = async (out: string) =>
  JSON.parse(await readFile(join(folder.path, out, 'summary.json'), 'utf8')) as Summary;

async function expectDone(finished: ReturnType<typeof command>) {
  const { code, stderr } = await finished;
  expect(stderr).not.toMatch(/^[A-Z_]+: /m);
  expect(code).toBe(0);
  return stderr;
}

describe.sequential('a run folder', () => {
  const out = 'run';
  let first: Summary;

  it('does again what other samples wrote over', async () => {
    await expectDone(command('run', out));
    first = await summaryOf(out);
    const file = join(folder.path, out, 'samples-product_type.jsonl');
    const given = join(folder.path, 'given.jsonl');
    const rows = (await readFile(file, 'utf8')).split('\n').filter((_, index) => index % 2 === 0);
    await writeFile(given, rows.join('\n'));
    await expectDone(command('run', out, '--samples', given));
    expect((await summaryOf(out)).tasks['product_type']!.samples).toBeLessThan(
      first.tasks['product_type']!.samples,
    );
    expect(await expectDone(command('run', out))).toContain('curate: done');
    const again = await summaryOf(out);
    expect(again.tasks['product_type']).toMatchObject({
      samples: first.tasks['product_type']!.samples,
      accuracy: first.tasks['product_type']!.accuracy,
    });
  });

  it('does again what was edited by hand', async () => {
    const file = join(folder.path, out, 'samples-product_type.jsonl');
    const rows = (await readFile(file, 'utf8')).trim().split('\n');
    await writeFile(file, `${rows.slice(0, 30).join('\n')}\n`);
    expect(await expectDone(command('run', out))).toContain('curate: done');
    expect(jsonLines<SampleRecord>(await readFile(file, 'utf8'))).toHaveLength(rows.length);
  });

  it.each([
    ['the cache’s data', (name: string) => /^cache-/.test(name), 'data.mdb', 'cache: done'],
    [
      'the weights',
      (name: string) => name === 'model',
      'product_type/weights.bin',
      'train-product_type: done',
    ],
    ['the ledgers', (name: string) => name === 'ledgers', '', 'curate: done'],
  ])('comes back when %s were removed', async (_, isIt, inside, said) => {
    const run = join(folder.path, out);
    const [name] = (await readdir(run)).filter(isIt);
    await rm(join(run, name!, inside), { recursive: true });
    expect(await expectDone(command('run', out))).toContain(said);
    const ledger = gunzipSync(await readFile(join(run, 'ledger.jsonl.gz'))).toString();
    expect(jsonLines(ledger).length).toBeGreaterThan(20);
    expect((await summaryOf(out)).tasks['product_type']!.samples).toBe(first.tasks['product_type']!.samples);
  });

  it('is cleaned of a task that the recipe has no more', async () => {
    const color = ['--set', 'tasks.color={minPerClass: 5, cap: 10}'];
    await expectDone(command('run', out, ...color));
    await expectDone(command('run', out));
    const { stdout } = await pipeline(['clean', join(folder.path, out)]);
    for (const name of [
      'model/color',
      'history/color',
      'predictions-color.jsonl',
      'samples-color.jsonl',
      'ledgers/train-color.jsonl.gz',
    ]) {
      expect(stdout).toContain(`removed ${join(folder.path, out, name)}\n`);
    }
    expect(stdout).not.toContain('product_type');
    expect(await expectDone(command('run', out))).not.toContain('done in');
  });
});

describe('a cache shared between runs', () => {
  it('is filled again when it was made anew for another run', async () => {
    const shared = ['--cache', join(folder.path, 'shared')];
    await expectDone(command('cache', 'one', ...shared));
    await rm(join(folder.path, 'shared'), { recursive: true });
    await expectDone(command('cache', 'two', ...shared, '--set', 'tasks.product_type.cap=3'));
    const before = (await summaryOf('one')).tasks['product_type']!.samples;
    expect(await expectDone(command('cache', 'one', ...shared))).toContain('cache: done');
    const { tasks, caches } = await summaryOf('one');
    expect(tasks['product_type']!.samples).toBe(before);
    expect(caches[0]!.records).toBeGreaterThanOrEqual(before);
  });
});

it('gets along with very little memory in flight', async () => {
  // Eight photos a job at 224 pixels are 1.2 MB: a job alone holds more than the whole budget.
  await expectDone(command('cache', 'little', '--memory', '1MB', '--set', 'cache.size=224'));
  expect((await command('cache', 'none', '--memory', '0')).code).toBe(2);
});

it('goes on past a pipe among the photos and a folder among the shards', async () => {
  const odd = join(folder.path, 'odd');
  const rows = Array.from({ length: 12 }, (_, index) =>
    listing(`I${index}`, index % 2 ? 'SHOES' : 'SOFA', `i${index}`),
  );
  const images = await Promise.all(
    rows.map(async (_, index) => ({ id: `i${index}`, bytes: await jpeg(index) })),
  );
  await writeDump(odd, { shards: { 'listings_0.json.gz': rows }, images });
  await rm(join(odd, 'images/small/xx/i3.jpg'));
  execFileSync('mkfifo', [join(odd, 'images/small/xx/i3.jpg')]);
  await mkdir(join(odd, 'listings/metadata/listings_1.json.gz'));
  await mkdir(join(odd, 'listings/metadata/listings_2.json'));
  const out = join(folder.path, 'odd-run');
  const args = ['--set', 'tasks.product_type.minPerClass=1', '--max-bad', '1', '-q'];
  const { code, stderr } = await pipeline([
    'curate',
    '--recipe',
    RECIPE,
    '--source',
    odd,
    '--out',
    out,
    ...args,
  ]);
  // Not even quiet: all rows of those are lost.
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^warning: listings_1\.json\.gz:1: .* Its rows from there on are lost\.$/),
    expect.stringMatching(/^warning: listings_2\.json:1: .* Its rows from there on are lost\.$/),
  ]);
  expect(code).toBe(0);
  const ledger = jsonLines<{ key: string; reason: string }>(
    gunzipSync(await readFile(join(out, 'ledger.jsonl.gz'))).toString(),
  ).map(({ key, reason }) => [key, reason]);
  expect(ledger).toContainEqual(['i3', 'not-an-image']);
  expect(ledger.filter(([, reason]) => reason === 'unreadable-shard')).toHaveLength(2);
});

/** Runs something with a folder that has room for so many bytes; undefined where none can be mounted. */
async function smallDisk(bytes: number): Promise<string | undefined> {
  const path = join(folder.path, 'disk');
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    console.warn('SKIPPED: no small disk can be mounted here');
    return undefined;
  }
}

it('says so when the disk is full, without a stack trace', async () => {
  const disk = await smallDisk(1_500_000);
  if (disk === undefined) return;
  try {
    const args = ['--cache', disk, '--set', 'cache.size=96', '-q'];
    const { code, stderr } = await command('cache', 'full', ...args);
    expect(stderr).toMatch(/^DISK_FULL: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  } finally {
    execFileSync('umount', [disk]);
  }
});
