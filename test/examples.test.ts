import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseRecipe } from '#src/recipe-file.js';
import { aboSource } from '#src/sources/abo.js';
import { runPipeline } from '#src/steps/pipeline.js';
import { synthesize } from '#src/synth/dump.js';
import { testContext } from './context.js';
import { temporaryFolder } from './fixtures.js';

/** The examples as users run them: compiled, in processes of their own, on a run that is cached and not trained. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const python = process.env['ABO_PYTHON_LMDB'];
if (python === undefined) {
  console.warn('SKIPPED: examples/python is not run (ABO_PYTHON_LMDB: see docs/cache-format.md)');
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dump: string;
let run: string;

beforeAll(async () => {
  execFileSync(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(ROOT, 'examples'),
  ]);
  folder = await temporaryFolder('examples');
  dump = join(folder.path, 'dump');
  run = join(folder.path, 'run');
  await synthesize({ out: dump, listings: 60, seed: 2, workers: 1, signal: new AbortController().signal });
  const recipe = parseRecipe(`
    name: examples
    cache: { size: 16 }
    tasks: { product_type: {} }
    model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
  `);
  const source = await aboSource({ dir: dump });
  const common = { given: new Map(), weights: new Map(), backend: 'cpu', until: 'cache' } as const;
  await runPipeline({ recipe, source, ...common, out: run, context: testContext() });
}, 120_000);
afterAll(() => folder.dispose());

function example(name: string, ...args: string[]): string {
  const script = join(ROOT, 'examples/dist', `${name}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

it('a stage of one’s own drops photos, counts them and names them in the ledger', () => {
  const text = example('custom-stage', dump, '1000');
  const [, large, dropped, told] = /^(\d+) views .*, (\d+) are smaller; .* (\d+)\n$/.exec(text)!.map(Number);
  expect(large).toBeGreaterThan(0);
  expect(dropped).toBeGreaterThan(0);
  expect(told).toBe(dropped);
});

it('a source of one’s own is asked page by page, and curated as a dump is', async () => {
  const asked: string[] = [];
  const { imagesRoot, images } = await aboSource({ dir: dump });
  const photos: string[] = [];
  for await (const { path } of images(new AbortController().signal)) photos.push(path);
  const products = photos.slice(0, 24).map((path, at) => ({
    sku: `sku-${at}`,
    category: at % 2 ? 'even' : 'odd',
    photos: [path],
  }));
  const server = createServer(({ url = '/' }, response) => {
    asked.push(url);
    const page = Number(new URL(url, 'http://localhost').searchParams.get('page') ?? 0);
    const some = products.slice(page * 10, page * 10 + 10);
    const more = products.length > page * 10 + 10 ? { next: `?page=${page + 1}` } : {};
    response.end(JSON.stringify({ products: some, ...more }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const args = [`http://127.0.0.1:${port}/products`, imagesRoot.path, join(folder.path, 'shop')];
    const child = spawn(process.execPath, [join(ROOT, 'examples/dist/custom-source.js'), ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toMatch(/^\d+ photos in 2 classes/);
    expect(asked).toContain('/products?page=2');
  } finally {
    server.close();
  }
});

it('a trainer loop of one’s own learns', () => {
  const losses = [...example('own-trainer', run, 'product_type', '4').matchAll(/loss ([\d.]+)/g)].map(
    ([, loss]) => Number(loss),
  );
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
});

it.skipIf(python === undefined)('Python reads a side of the run', () => {
  const script = join(ROOT, 'examples/python/read_cache.py');
  const { status, stdout, stderr } = spawnSync(python!, [script, run, 'product_type', 'train'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const said = JSON.parse(stdout) as { photos: number; shape: number[]; sum: number };
  expect(said.shape).toEqual([16, 16, 3]);
  expect(said.photos).toBeGreaterThan(10);
  expect(said.sum).toBeGreaterThan(0);
});
