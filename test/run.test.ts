import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { openRunFolder, readManifest, stepLedger } from '#src/run.js';
import { ledgerFile } from '#src/sinks/ledger.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-run-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function runStep(dependsOn: unknown, work: () => Promise<number>): Promise<number> {
  const run = await openRunFolder(folder, eventBus());
  try {
    return await run.step({ name: 'count', dependsOn, outputs: ['out.txt'], work });
  } finally {
    run.close();
  }
}
const write = (value: number) => async () => {
  await writeFile(join(folder, 'out.txt'), String(value));
  return value;
};
const never = async (): Promise<number> => {
  throw new Error('done again');
};

it('does a step once for what it depends on, and again when that or its output is gone', async () => {
  expect(await runStep({ a: 1, b: 2 }, write(1))).toBe(1);
  expect(await runStep({ b: 2, a: 1 }, never)).toBe(1);
  expect(await runStep({ a: 1, b: 3 }, write(2))).toBe(2);
  await rm(join(folder, 'out.txt'));
  expect(await runStep({ a: 1, b: 3 }, write(3))).toBe(3);
});

it('forgets the old result of a step that failed half way', async () => {
  await runStep(1, write(1));
  await expect(runStep(2, never)).rejects.toThrow('done again');
  expect(await readManifest(folder)).toMatchObject({ steps: {} });
  expect(await runStep(1, write(4))).toBe(4);
});

it('refuses a second writer, and is free again when the first process dies by kill -9', async () => {
  const script = `
    import { openRunFolder } from ${JSON.stringify(new URL('../dist/run.js', import.meta.url).href)};
    import { eventBus } from ${JSON.stringify(new URL('../dist/events.js', import.meta.url).href)};
    await openRunFolder(${JSON.stringify(folder)}, eventBus());
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const first = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(first.stdout!, 'data');
  await expect(openRunFolder(folder, eventBus())).rejects.toMatchObject({
    code: 'RUN_LOCKED',
    message: expect.stringContaining(`process ${first.pid}`),
  });
  first.kill('SIGKILL');
  await once(first, 'exit');
  (await openRunFolder(folder, eventBus())).close();
});

it('joins the ledgers of the current steps in their order', async () => {
  const run = await openRunFolder(folder, eventBus());
  for (const stage of ['first', 'second']) {
    const ledger = ledgerFile(stepLedger(folder, stage));
    for (const key of ['a', 'b']) ledger.write({ stage, key, fate: 'dropped', reason: 'because' });
    await ledger.drain();
    await ledger.close();
    expect(ledger.summary()).toEqual([
      { stage, fate: 'dropped', reason: 'because', count: 2, examples: ['a', 'b'] },
    ]);
    await run.step({ name: stage, dependsOn: 1, outputs: [], work: async () => null });
  }
  await run.finish({ whole: true });
  run.close();
  const lines = gunzipSync(await readFile(join(folder, 'ledger.jsonl.gz')))
    .toString()
    .trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line).stage)).toEqual(['first', 'first', 'second', 'second']);
});

describe('what summary and ledger tell of', () => {
  const steps = async (
    works: Record<string, unknown>,
    { finish = true, whole = false, later = [] as string[] } = {},
  ) => {
    const run = await openRunFolder(folder, eventBus());
    try {
      for (const [name, dependsOn] of Object.entries(works)) {
        await run.step({ name, dependsOn, outputs: [], work: async () => null });
      }
      const found = run.later();
      if (finish) await run.finish({ whole, later });
      return { later: found, changed: [...run.changed] };
    } finally {
      run.close();
    }
  };

  it('goes beyond the steps of a process that stopped before them', async () => {
    await steps({ first: 1, second: 2, third: 3 }, { whole: true });
    expect(await steps({ first: 1 }, { later: ['second', 'third'] })).toEqual({
      later: ['second', 'third'],
      changed: [],
    });
    expect(await steps({ first: 1, second: 2 })).toEqual({ later: ['third'], changed: [] });
    // That one did not say that the third holds.
    expect(await steps({ first: 1 })).toEqual({ later: ['second'], changed: [] });
  });

  it('does not go on where an earlier step depends on something else, or a later one was done otherwise', async () => {
    await steps({ first: 1, second: 2, third: 3 }, { whole: true });
    expect(await steps({ first: 4 }, { finish: false })).toMatchObject({ changed: ['first'] });
    // A process that ended in the middle, by another recipe.
    await steps({ first: 1, second: 5 }, { finish: false });
    expect(await steps({ first: 1 })).toMatchObject({ later: undefined });
  });
});

it('says which file is wrong when the manifest is not ours', async () => {
  await writeFile(join(folder, 'manifest.json'), '{"steps": 3}');
  await expect(openRunFolder(folder, eventBus())).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  // The failed opening must not keep the lock.
  await rm(join(folder, 'manifest.json'));
  (await openRunFolder(folder, eventBus())).close();
});
