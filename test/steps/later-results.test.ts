import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Summary } from '#src/summary.js';
import { copyOf, makeRun, runOn } from '../audit/run.js';
import { temporaryFolder } from '../fixtures.js';

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let finished: string;
beforeAll(async () => {
  folder = await temporaryFolder('later');
  ({ dump, run: finished } = await makeRun(folder.path, { until: 'evaluate' }));
}, 120_000);
afterAll(() => folder.dispose());

const summaryOf = async (run: string) =>
  JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as Summary;

it.each(['curate', 'cache', 'train'] as const)(
  '%s on a finished run leaves what was found out beyond it',
  async (until) => {
    const run = await copyOf(finished, until);
    const { seconds, ...before } = await summaryOf(run);
    expect(before.tasks['color']).toHaveProperty('accuracy');
    const told = await runOn(dump, run, { until });
    expect(told).toEqual(await summaryOf(run));
    expect(told).toEqual({ ...before, seconds: expect.closeTo(seconds, 6) });
    const ledgers = await Promise.all([finished, run].map((one) => readFile(join(one, 'ledger.jsonl.gz'))));
    expect(ledgers[1]!.equals(ledgers[0]!)).toBe(true);
  },
);

it('leaves them where a removed cache is made anew, and where one of another size is filled beside it', async () => {
  const run = await copyOf(finished, 'caches');
  const [cache] = (await readdir(run)).filter((name) => name.startsWith('cache-'));
  await rm(join(run, cache!), { recursive: true });
  const { backend, tasks } = await summaryOf(finished);
  expect(await runOn(dump, run, { until: 'cache' })).toMatchObject({ backend, tasks });
  const more = await runOn(dump, run, { until: 'cache', sizes: [24] });
  expect(more).toMatchObject({ backend, tasks });
  expect(more.caches.map(({ height }) => height)).toEqual([16, 24]);
});

it.each([
  ['of another recipe', { more: 'augmentation: { flip: horizontal }\n' }],
  ['of other samples', { more: 'seed: 5\n' }],
])('drops them where they are %s', async (name, { more }) => {
  const run = await copyOf(finished, name.replaceAll(' ', '-'));
  const told = await runOn(dump, run, { until: 'cache', more });
  expect(told).not.toHaveProperty('backend');
  expect(told.tasks['color']).not.toHaveProperty('accuracy');
  expect(told.stages.map((stage) => stage.name)).not.toContain('evaluate');
});
