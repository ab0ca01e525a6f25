import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backends } from '#src/models/backends/index.js';
import { type BackendReport, examineBackends } from '#src/models/examine.js';
import { temporaryFolder } from '../fixtures.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('examine');
});
afterAll(() => folder.dispose());

/** Reports of two backends whose processes run this code. */
async function examined(code: string, patience = 60, signal = new AbortController().signal) {
  const file = join(folder.path, `${Math.random()}.mjs`);
  await writeFile(file, code);
  const reports: BackendReport[] = [];
  const given = [{ name: 'wasm' as const }, { name: 'cpu' as const }];
  const options = { seconds: 0.1, signal, module: pathToFileURL(file), patience };
  for await (const report of examineBackends(given, options)) reports.push(report);
  return reports;
}

it('measures a backend in a process of its own', async () => {
  const wasm = backends.filter(({ name }) => name === 'wasm');
  const options = { seconds: 0.2, signal: new AbortController().signal };
  for await (const report of examineBackends(wasm, options)) {
    expect(report).toMatchObject({ name: 'wasm', available: true, trains: true, emulated: false });
    expect(report.version).toMatch(/^TensorFlow\.js \d/);
    for (const figure of [report.imagesPerSecond, report.trainedImagesPerSecond, report.memoryBytes]) {
      expect(figure).toBeGreaterThan(1);
    }
  }
});

it('goes on after one that crashes, and says how it ended', async () => {
  const answer = JSON.stringify({ available: true, trains: true });
  const reports = await examined(
    `if (process.argv[2] === 'cpu') process.send(${answer}, () => process.exit());
     else { console.error('first line\\nno such driver'); process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000); }`,
  );
  expect(reports).toEqual([
    {
      name: 'wasm',
      available: false,
      trains: false,
      why: 'Expected it to start but its process ended with SIGSEGV: no such driver',
    },
    { name: 'cpu', available: true, trains: true },
  ]);
});

it('ends one that hangs', async () => {
  const [report] = await examined('setInterval(() => {}, 1000)', 0.2);
  expect(report).toMatchObject({ available: false, why: expect.stringMatching(/within 0\.3/) });
});

it('stops when it is cancelled', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  await expect(examined('setInterval(() => {}, 1000)', 60, controller.signal)).rejects.toMatchObject({
    code: 'ABORTED',
  });
});
