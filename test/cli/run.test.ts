import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleRecord } from '#src/records.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import type { Summary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { jsonLines, pipeline, temporaryFolder } from '../fixtures.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RECIPE = join(ROOT, 'recipes/demo.yaml');
/** A run that is over in seconds. */
const SMALL = [
  ['tasks.product_type.minPerClass', '8'],
  ['tasks.product_type.cap', '12'],
  ['cache.size', '16'],
  ['model.phases.0.epochs', '2'],
].flatMap(([path, value]) => ['--set', `${path}=${value}`]);

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder('run');
  dump = join(folder.path, 'dump');
  run = join(folder.path, 'run');
  const signal = new AbortController().signal;
  await synthesize({ out: dump, listings: 250, seed: 3, workers: 4, signal });
});
afterAll(() => folder.dispose());

const runArguments = (out: string, ...more: string[]) => [
  'run',
  '--recipe',
  RECIPE,
  '--source',
  dump,
  '--out',
  out,
  ...SMALL,
  ...more,
];

const summaryOf = async (path: string) =>
  JSON.parse(await readFile(join(path, 'summary.json'), 'utf8')) as Summary;

describe.sequential('run', () => {
  let undisturbed: Summary;

  it('goes from a dump to a report', async () => {
    const { code, stdout, stderr } = await pipeline(runArguments(run));
    expect(stderr).toContain('train-product_type: done');
    expect(code).toBe(0);
    expect(stdout).toMatch(/accuracy \d+\.\d %/);
    expect(stdout).toContain('synthetic');
    expect(stdout).toContain(join(run, 'report.html'));
    const names = await readdir(run);
    for (const name of [
      'manifest.json',
      'summary.json',
      'ledger.jsonl.gz',
      'log.jsonl',
      'photos.parquet',
      'duplicates.jsonl',
      'samples-product_type.parquet',
      'predictions-product_type.jsonl',
      'report.html',
      'model',
    ]) {
      expect(names).toContain(name);
    }
  });

  it('writes a summary whose stages add up and follow one another', async () => {
    undisturbed = await summaryOf(run);
    const { stages, tasks, caches, synthetic, peakMemoryBytes, seconds, backend } = undisturbed;
    expect(synthetic).toBe(true);
    expect(backend.name).toBe('wasm');
    expect(peakMemoryBytes).toBeGreaterThan(50e6);
    expect(seconds).toBeGreaterThan(0);
    expect(stages.map(({ name }) => name)).toEqual([
      'parse',
      'explode',
      'join',
      'deduplicate',
      'label',
      'balance',
      'split',
      'decode/resize',
    ]);
    for (const [index, stage] of stages.entries()) {
      const { in: received, added, out, dropped, merged, capped, quarantined } = stage;
      expect(received + added).toBe(out + dropped + merged + capped + quarantined);
      if (index > 0) expect(received).toBe(stages[index - 1]!.out);
    }
    expect(stages[0]!.in).toBe(250);
    const task = tasks['product_type']!;
    expect(task.splits.train + task.splits.validation + task.splits.test).toBe(task.samples);
    expect(task).toMatchObject({ evaluatedOn: 'test', splitBy: 'component', epochs: 2 });
    expect(caches).toHaveLength(1);
    expect(caches[0]).toMatchObject({ records: task.samples, height: 16, width: 16, decoder: 'turbo' });
  });

  it('names every record that was not passed on in the ledger', async () => {
    const ledger = jsonLines<{ stage: string; fate: string; reason: string }>(
      gunzipSync(await readFile(join(run, 'ledger.jsonl.gz'))).toString(),
    );
    for (const stage of (await summaryOf(run)).stages) {
      for (const fate of ['dropped', 'merged', 'capped', 'quarantined'] as const) {
        const entries = ledger.filter((entry) => entry.stage === stage.name && entry.fate === fate);
        expect(entries.length, `${stage.name} ${fate}`).toBe(stage[fate]);
      }
    }
    expect(ledger.every(({ reason }) => /^[a-z0-9-]+$/.test(reason))).toBe(true);
  });

  it('keeps a component on one side', async () => {
    const samples = jsonLines<SampleRecord>(await readFile(join(run, 'samples-product_type.jsonl'), 'utf8'));
    const sides = new Map<string, string>();
    for (const { component, split } of samples) {
      expect(sides.get(component) ?? split).toBe(split);
      sides.set(component, split);
    }
    const bytes = await readFile(join(run, 'samples-product_type.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    expect(await parquetReadObjects({ file })).toEqual(samples);
  });

  it('does nothing the second time', async () => {
    const before = await summaryOf(run);
    const { code, stderr } = await pipeline(runArguments(run));
    expect(code).toBe(0);
    expect(stderr.match(/: kept/g)).toHaveLength(7);
    expect(stderr).not.toContain('done in');
    expect(await summaryOf(run)).toEqual(before);
  });

  it('does again only what a changed value reaches, and clean removes what nothing uses', async () => {
    const changed = await pipeline(runArguments(run, '--set', 'model.phases.0.learningRate=0.01'));
    expect(changed.stderr).toMatch(/curate: kept[\s\S]*cache: kept[\s\S]*train-product_type: done/);
    const resized = await pipeline(runArguments(run, '--set', 'cache.size=24'));
    expect(resized.stderr).toMatch(/curate: kept[\s\S]*cache: done/);
    const caches = async () => (await readdir(run)).filter((name) => name.startsWith('cache-'));
    expect(await caches()).toHaveLength(2);
    const { code, stdout } = await pipeline(['clean', run]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^removed .*cache-16-/);
    expect(await caches()).toEqual([expect.stringMatching(/^cache-24-/)]);
    const history = join(run, 'history', 'product_type', 'history.csv');
    const before = await readFile(history, 'utf8');
    await rm(join(run, 'history'), { recursive: true });
    expect((await pipeline(runArguments(run, '--set', 'cache.size=24'))).stderr).not.toContain('done in');
    expect(await readFile(history, 'utf8')).toBe(before);
  });

  it('refuses a second writer', async () => {
    const out = join(folder.path, 'locked');
    const first = pipeline(runArguments(out));
    await untilThere(join(out, 'log.jsonl'));
    const second = await pipeline(runArguments(out));
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^RUN_LOCKED: .* process \d+ is writing it\n/);
    expect((await first).code).toBe(0);
  });

  it('ends on Ctrl-C, and goes on later to the result of a run that was not stopped', async () => {
    const out = join(folder.path, 'cancelled');
    const more = ['--set', 'model.phases.0.epochs=200'];
    const running = pipeline(runArguments(out, ...more));
    await untilThere(join(out, 'log.jsonl'), /"epoch":1,/);
    running.child.kill('SIGINT');
    const { code, stderr } = await running;
    expect(code).toBe(130);
    expect(stderr).not.toMatch(/\n\s+at /);
    const again = await pipeline(runArguments(out));
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('curate: kept');
    const tasks = (summary: Summary) => {
      const { trainSeconds, trainerWaitShare, ...rest } = summary.tasks['product_type']!;
      return rest;
    };
    expect(tasks(await summaryOf(out))).toEqual(tasks(undisturbed));
  });
});

it('ends on Ctrl-C in the middle of a long step, by the signal itself', async () => {
  const out = join(folder.path, 'long-step');
  const slow = ['model.network=vgg16', 'model.batchSize=64', 'cache.size=32'].flatMap((value) => [
    '--set',
    value,
  ]);
  const running = pipeline(runArguments(out, '--backend', 'cpu', '--weights', 'none', ...slow));
  let told = '';
  running.child.stderr.on('data', (chunk: Buffer) => {
    told += chunk;
  });
  while (!told.includes('train-product_type …')) await setTimeout(20);
  // The step is under way, or the network is being built: neither can be asked to stop. Before, on a busy machine, the
  // thread is still being started, which can.
  await setTimeout(5000);
  running.child.kill('SIGINT');
  const { code, stderr } = await running;
  expect([code, running.child.signalCode]).toEqual([null, 'SIGINT']);
  expect(stderr).toContain('Cancelled; the same command goes on from here.');
  expect(stderr).not.toMatch(/\n\s+at /);
});

/** Waits until a file is there (and says something). */
async function untilThere(file: string, text?: RegExp): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found !== undefined && (text === undefined || text.test(found))) return;
    await setTimeout(50);
  }
  throw new Error(`${file} did not come`);
}

it('gives the same cache and the same samples for 1 and 4 workers', async () => {
  const digests: string[] = [];
  const samples: string[] = [];
  for (const workers of ['1', '4']) {
    const out = join(folder.path, `workers-${workers}`);
    const args = ['cache', ...runArguments(out, '--workers', workers).slice(1)];
    expect((await pipeline(args)).code).toBe(0);
    const [name] = (await readdir(out)).filter((entry) => entry.startsWith('cache-'));
    const cache = openCache(join(out, name!));
    digests.push(await cache.digest());
    await cache.close();
    samples.push(await readFile(join(out, 'samples-product_type.jsonl'), 'utf8'));
  }
  expect(digests[1]).toBe(digests[0]);
  expect(samples[1]).toBe(samples[0]);
});

describe('pipes', () => {
  const S = (script: string) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    return once(child, 'close').then(([code]) => ({
      code: code as number,
      stdout: Buffer.concat(out).toString(),
    }));
  };
  const zcat = () => `gzip -cd '${dump}'/listings/metadata/listings_*.json.gz`;

  it('give the very samples that run writes', async () => {
    const stages = [
      'parse',
      'explode',
      `join --source '${dump}'`,
      'deduplicate',
      'label --task product_type --min-per-class 8',
      'balance --cap 12',
      'split',
    ].map((stage) => `bin/pipeline ${stage} -q`);
    const { code, stdout } = await S([zcat(), ...stages].join(' | '));
    expect(code).toBe(0);
    const out = join(folder.path, 'workers-1');
    const written = await readFile(join(out, 'samples-product_type.jsonl'), 'utf8');
    expect(stdout.length).toBeGreaterThan(1000);
    expect(stdout).toBe(written);
  });

  it('give the same through run --source -', async () => {
    const out = join(folder.path, 'stdin');
    const args = `curate --recipe '${RECIPE}' --source - --images '${dump}' --out '${out}' ${SMALL.join(' ')} -q`;
    expect((await S(`${zcat()} | bin/pipeline ${args}`)).code).toBe(0);
    const samples = await readFile(join(out, 'samples-product_type.jsonl'), 'utf8');
    expect(samples).toBe(await readFile(join(folder.path, 'workers-1/samples-product_type.jsonl'), 'utf8'));
  });

  it('end quietly when the reader goes away', async () => {
    const { code, stdout } = await S(`${zcat()} | bin/pipeline parse -q 2>&1 | head -1`);
    expect(jsonLines(stdout)).toHaveLength(1);
    // `gzip` and `head` decide the pipe's status; ours must not be a failure of its own.
    expect([0, 141]).toContain(code);
  });
});

it('takes samples as given, and their validation as test', async () => {
  const out = join(folder.path, 'given');
  const samples = jsonLines<SampleRecord>(
    await readFile(join(folder.path, 'workers-1/samples-product_type.jsonl'), 'utf8'),
  ).map(({ path, label, split, component }) => ({
    path,
    label,
    split: split === 'test' ? 'validation' : 'train',
    component,
  }));
  const file = join(folder.path, 'given.jsonl');
  await writeFile(file, samples.map((sample) => JSON.stringify(sample)).join('\n'));
  const { code } = await pipeline(
    runArguments(out, '--samples', `product_type=${file}`, '--set', 'split.validation=0'),
  );
  expect(code).toBe(0);
  const { tasks, stages } = await summaryOf(out);
  const test = samples.filter(({ split }) => split === 'validation').length;
  expect(tasks['product_type']).toMatchObject({
    samples: samples.length,
    splits: { train: samples.length - test, validation: 0, test },
    splitBy: 'given',
    evaluatedOn: 'test',
  });
  expect(stages.map(({ name }) => name)).toEqual(['samples', 'decode/resize']);
});

it('moves: a run folder says nothing of where it lies', async () => {
  const moved = join(folder.path, 'moved');
  await cp(run, moved, { recursive: true });
  const { code, stderr } = await pipeline(runArguments(moved, '--set', 'cache.size=24'));
  expect(code).toBe(0);
  expect(stderr).not.toContain('done in');
  await rm(moved, { recursive: true });
  expect((await stat(run)).isDirectory()).toBe(true);
});
