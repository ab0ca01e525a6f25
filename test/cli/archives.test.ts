import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JoinedView, Photo, SampleRecord } from '#src/records.js';
import type { PartialSummary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { jsonLines, pipeline, temporaryFolder } from '../fixtures.js';
import { packDump } from '../tar.js';

const RECIPE = fileURLToPath(new URL('../../recipes/demo.yaml', import.meta.url));
const SMALL = ['tasks.product_type.minPerClass=4', 'cache.size=16', 'model.phases.0.epochs=1'].flatMap(
  (value) => ['--set', value],
);

let folder: { path: string; dispose(): Promise<void> };
let loose: string;
let packed: string;
beforeAll(async () => {
  folder = await temporaryFolder('archives');
  loose = join(folder.path, 'loose');
  packed = join(folder.path, 'packed');
  const signal = new AbortController().signal;
  await synthesize({ out: loose, listings: 120, seed: 5, workers: 2, signal });
  await cp(loose, packed, { recursive: true });
  await packDump(packed);
});
afterAll(() => folder.dispose());

async function steps(
  command: string,
  source: string,
  out: string,
  ...more: string[]
): Promise<PartialSummary> {
  const args = [command, '--recipe', RECIPE, '--source', source, '--out', join(folder.path, out), ...SMALL];
  const { code, stdout, stderr } = await pipeline([...args, '--json', '-q', ...more]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as PartialSummary;
}

const read = (out: string, name: string) => readFile(join(folder.path, out, name));

describe.sequential('a dump in archives', () => {
  it('is curated and cached as the folder that it would unpack to', async () => {
    const summaries = [await steps('cache', loose, 'loose-run'), await steps('cache', packed, 'packed-run')];
    const counted = summaries.map(({ stages, caches, tasks, synthetic }) => ({
      stages: stages.map(({ seconds, recordsPerSecond, ...counts }) => counts),
      caches: caches.map(({ bytes, ...cache }) => cache),
      tasks,
      synthetic,
    }));
    expect(counted[1]).toEqual(counted[0]);
    expect(counted[0]!.caches[0]!.records).toBeGreaterThan(50);
    expect(counted[0]!.stages.some(({ quarantined }) => quarantined > 0)).toBe(true);
    for (const name of ['photos.parquet', 'duplicates.jsonl', 'samples-product_type.jsonl']) {
      expect((await read('packed-run', name)).equals(await read('loose-run', name)), name).toBe(true);
    }
    expect((await readdir(packed)).sort()).toEqual([
      'abo-images-small.tar',
      'abo-listings.tar',
      'truth.jsonl.gz',
    ]);
  });

  it('goes on to a report with its photos, and is kept', async () => {
    const summary = await steps('run', packed, 'packed-run');
    expect(summary.tasks['product_type']).toMatchObject({ evaluatedOn: 'test' });
    const report = (await read('packed-run', 'report.html')).toString();
    expect(report).not.toContain('not readable');
    expect(report.match(/data:image\/jpeg/g)!.length).toBeGreaterThan(10);
    expect(report).not.toContain('tar:');
    const again = ['run', '--recipe', RECIPE, '--source', packed, '--out', join(folder.path, 'packed-run')];
    expect((await pipeline([...again, ...SMALL])).stderr.match(/: kept/g)).toHaveLength(7);
  });

  it('has the photos of given samples', async () => {
    const samples = jsonLines<SampleRecord>(
      (await read('loose-run', 'samples-product_type.jsonl')).toString(),
    );
    const file = join(folder.path, 'given.jsonl');
    const rows = samples.map(({ path, label, split, component }) => ({ path, label, split, component }));
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const [a, b] = [
      await steps('cache', loose, 'loose-given', '--samples', file),
      await steps('cache', packed, 'packed-given', '--samples', file),
    ];
    expect(b.caches[0]!.digest).toBe(a.caches[0]!.digest);
    expect(b.stages.map(({ name, out }) => [name, out])).toEqual([
      ['samples', samples.length],
      ['decode/resize', b.caches[0]!.records],
    ]);
  });

  it('has photos for stages in a pipe', async () => {
    const views = await explodedListings();
    const through = async (dump: string) => {
      const joined = await pipeline(['join', '--source', dump, '-q'], { input: views });
      const photos = await pipeline(['deduplicate', '-q', '--max-bad', '1'], { input: joined.stdout });
      expect([joined.code, photos.code]).toEqual([0, 0]);
      expect(jsonLines<JoinedView>(joined.stdout)[0]!.file).toContain(dump);
      return jsonLines<Photo>(photos.stdout).map(({ file: _, ...photo }) => photo);
    };
    const photos = await through(packed);
    expect(photos.length).toBeGreaterThan(50);
    expect(photos.every(({ sha256 }) => sha256.length === 64)).toBe(true);
    expect(photos).toEqual(await through(loose));
  });
});

/** The dump’s views, as JSON lines. */
async function explodedListings(): Promise<string> {
  const shards = join(loose, 'listings/metadata');
  const rows = await Promise.all((await readdir(shards)).sort().map((name) => readFile(join(shards, name))));
  const input = Buffer.concat(rows.map((row) => gunzipSync(row)));
  const parsed = await pipeline(['parse', '-q'], { input });
  return (await pipeline(['explode', '-q'], { input: parsed.stdout })).stdout;
}
