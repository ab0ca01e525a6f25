import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartialSummary } from '#src/summary.js';
import { synthesize } from '#src/synth/dump.js';
import { type FileServerOptions, fileServer } from '../file-server.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { absent, SAMPLE } from '../shared.js';

const RECIPE = fileURLToPath(new URL('../../recipes/mobilenet.yaml', import.meta.url));

let folder: { path: string; dispose(): Promise<void> };
let out: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('fetch-abo');
  out = join(folder.path, 'dump');
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await folder.dispose();
});

/** A server with a dump's folder. */
async function serve(root: string, options: Partial<FileServerOptions> = {}) {
  const files = (path: string) => {
    const file = join(root, decodeURIComponent(path));
    return existsSync(file) ? readFileSync(file) : undefined;
  };
  const server = await fileServer({ files, ...options });
  closers.push(server.close);
  return server;
}

const fetch = ({ origin }: { origin: string }, ...more: string[]) =>
  pipeline(['fetch', 'abo', '--from', origin, '--out', out, ...more]);

/** A drawn dump; its image table names photos that are damaged or not there, as such dumps do. */
async function drawn() {
  const root = join(folder.path, 'drawn');
  await synthesize({ out: root, listings: 60, seed: 3, workers: 2, signal: new AbortController().signal });
  return root;
}

describe('pipeline fetch abo', () => {
  it('says what it did, whose the photos are, and what to do next', async () => {
    let lost = '';
    const server = await serve(await drawn(), {
      answers(path) {
        if (path.startsWith('/images/small')) lost ||= path;
        return path === lost ? { status: 404 } : 'whole';
      },
    });
    const first = await fetch(server, '--limit', '12');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^12 listings with \d+ images \(\d+ downloaded/);
    expect(first.stdout).toContain(`--source ${out}`);
    expect(first.stdout).toContain('© Amazon.com, licensed under CC BY 4.0');
    expect(first.stdout).toContain('Jasmine Collins et al.');
    const again = async (...more: string[]) => {
      const asked = server.asked.length;
      const { stdout } = await fetch(server, '--limit', '12', '--json', '-q', ...more);
      return { document: JSON.parse(stdout), asked: server.asked.length - asked };
    };
    const second = await again();
    expect(second.document).toMatchObject({
      folder: out,
      photos: 'images/small',
      part: { listings: 12, downloaded: 0 },
      attribution: { holder: 'Amazon.com', licence: { name: 'CC BY 4.0' } },
    });
    expect(second.document.part.missing.map((path: string) => `/images/small/${path}`)).toEqual([lost]);
    expect(second.asked).toBe(0);
    const retried = await again('--retry');
    expect(retried.document).toEqual(second.document);
    expect(retried.asked).toBe(1);
  });

  it('ends with 130 on Ctrl-C, and goes on from there', async () => {
    const root = await drawn();
    let stalled = '';
    const server = await serve(root, {
      answers(path, time) {
        if (!path.startsWith('/images/small') || time > 0 || (stalled !== '' && stalled !== path))
          return 'whole';
        stalled = path;
        return { stallAfter: 100 };
      },
    });
    const work = fetch(server, '--limit', '12');
    const part = () => join(out, `${stalled}.part`);
    const sizeOf = () =>
      stat(part()).then(
        ({ size }) => size,
        () => 0,
      );
    while ((await sizeOf()) < 100) await new Promise((resolve) => setTimeout(resolve, 20));
    work.child.kill('SIGINT');
    expect((await work).code).toBe(130);
    expect((await fetch(server, '--limit', '12', '-q')).code).toBe(0);
    expect(server.asked.find(({ path, range }) => path === stalled && range)!.range).toBe('bytes=100-');
    expect(existsSync(part())).toBe(false);
  });

  it('tells a terminal nothing but what failed, where, and what to do', async () => {
    const error = await fetch({ origin: 'http://127.0.0.1:1' }, '-q');
    expect(error.code).toBe(1);
    expect(error.stderr).toMatch(/^DOWNLOAD_FAILED: Expected an answer from 127.0.0.1:1 but none came\n/);
    expect(error.stderr).toContain('For a mirror: --from URL');
    for (const args of [
      ['--limit', '0'],
      ['--parallel', '0'],
      ['--from', 'x'],
      ['--limit', 'x'],
      ['--retry'],
    ]) {
      expect((await pipeline(['fetch', 'abo', '--out', out, ...args])).code).toBe(2);
    }
    expect((await pipeline(['fetch', 'abo'])).code).toBe(2);
  });
});

describe.skipIf(absent(SAMPLE))('genuine listings', () => {
  it('are a dump that is curated at once, through a server that cuts', async () => {
    const server = await serve(SAMPLE, {
      answers: (_, time) => (time === 0 ? { cutAfter: 3000 } : 'whole'),
    });
    const fetched = await fetch(server, '--limit', '150', '-q', '--json');
    expect([fetched.code, fetched.stderr]).toEqual([0, '']);
    const { part } = JSON.parse(fetched.stdout);
    expect(part).toMatchObject({ listings: 150, unknown: 0, missing: [], damaged: [] });
    expect(part.downloaded).toBe(part.images);
    const run = join(folder.path, 'run');
    const set = ['--set', 'tasks.product_type.minPerClass=5'];
    const curated = await pipeline([
      'curate',
      '--recipe',
      RECIPE,
      '--source',
      out,
      '--out',
      run,
      ...set,
      '-q',
    ]);
    expect([curated.code, curated.stderr]).toEqual([0, '']);
    const summary = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as PartialSummary;
    const of = (name: string) => summary.stages.find((stage) => stage.name === name)!;
    expect(of('parse')).toMatchObject({ in: 150, out: 150 });
    expect(of('join')).toMatchObject({ dropped: 0, quarantined: 0, orphans: 0 });
    expect(of('deduplicate')).toMatchObject({ quarantined: 0 });
    expect(summary.synthetic).toBe(false);
    expect((await readdir(join(out, 'listings/metadata'))).sort()).toEqual(['listings_0.json.gz']);
  });
});
