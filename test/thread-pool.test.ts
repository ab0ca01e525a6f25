import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { threadPool } from '#src/thread-pool.js';
import { temporaryFolder } from './fixtures.js';

interface Job {
  name: string;
  /** The file that is there when the job was tried before. */
  tried: string;
  die?: 'never' | 'once' | 'always';
}

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('threads');
});
afterAll(() => folder.dispose());

/** A module whose thread dies in the middle of a job, in one way. */
async function dying(name: string, death: string): Promise<URL> {
  const file = join(folder.path, `${name}.mjs`);
  await writeFile(
    file,
    `import { appendFileSync, existsSync } from 'node:fs';
    export default async ({ name, tried, die }) => {
      const before = existsSync(tried);
      appendFileSync(tried, 'x');
      if (die === 'always' || (die === 'once' && !before)) {
        ${death}
        await new Promise(() => setInterval(() => {}, 1000));
      }
      return 'did ' + name;
    };`,
  );
  return pathToFileURL(file);
}

it('hands memory over with a job, and other memory when the job is done again', async () => {
  const file = join(folder.path, 'lent.mjs');
  await writeFile(
    file,
    `import { appendFileSync, existsSync } from 'node:fs';
    export default async ({ tried, memory }) => {
      const before = existsSync(tried);
      appendFileSync(tried, 'x');
      if (!before) process.exit(3);
      return memory.byteLength;
    };`,
  );
  const lent: ArrayBuffer[] = [];
  const pool = threadPool<{ tried: string }, number>({
    module: pathToFileURL(file),
    workers: 1,
    work: 'do jobs',
    message(job) {
      const memory = new ArrayBuffer(8);
      lent.push(memory);
      return { message: { ...job, memory }, transfer: [memory] };
    },
  });
  try {
    expect(await pool.run({ tried: join(folder.path, 'lent') })).toBe(8);
    // Gone from here: handed over, not copied.
    expect(lent.map(({ byteLength }) => byteLength)).toEqual([0, 0]);
  } finally {
    await pool.close();
  }
});

const deaths = {
  exits: 'process.exit(3);',
  'exits with nothing to say': 'process.exit(0);',
  // As one that runs out of memory does.
  'fails beside its job': "setImmediate(() => { throw new Error('lost'); });",
};

describe.each(Object.entries(deaths))('a thread that %s', (way, death) => {
  const jobs = (count: number, at: number, die: Job['die']): Job[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `job ${index}`,
      tried: join(folder.path, `${way}-${die}-${index}`),
      die: index === at ? die! : 'never',
    }));
  const start = async () =>
    threadPool<Job, string>({
      module: await dying(way.replaceAll(' ', '-'), death),
      workers: 2,
      work: 'do jobs',
      describe: ({ name }) => name,
    });

  it('once is replaced, and its job is done again', async () => {
    const pool = await start();
    try {
      const all = jobs(9, 4, 'once');
      expect(await Promise.all(all.map((job) => pool.run(job)))).toEqual(
        all.map(({ name }) => `did ${name}`),
      );
      const tries = await Promise.all(all.map(({ tried }) => readFile(tried, 'utf8')));
      expect(tries[4]).toBe('xx');
      expect(tries.filter((text) => text === 'x')).toHaveLength(8);
    } finally {
      await pool.close();
    }
  });

  it('twice is reported with its job, and others are done', async () => {
    const pool = await start();
    try {
      const all = jobs(9, 4, 'always');
      const done = await Promise.allSettled(all.map((job) => pool.run(job)));
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
      expect((done[4] as PromiseRejectedResult).reason).toMatchObject({
        code: 'WORKER_CRASHED',
        key: 'job 4',
        message: expect.stringContaining('twice'),
        hint: expect.any(String),
      });
      expect(await readFile(all[4]!.tried, 'utf8')).toBe('xx');
    } finally {
      await pool.close();
    }
  });
});

describe('a thread that cannot start', () => {
  it.each([
    ['throws', "throw new Error('no');"],
    ['exits', 'process.exit(0);'],
  ])('because its module %s is reported, not waited for', async (name, start) => {
    const file = join(folder.path, `start-${name}.mjs`);
    await writeFile(file, `${start}\nexport default () => 1;`);
    const pool = threadPool<number, number>({ module: pathToFileURL(file), workers: 2, work: 'start' });
    try {
      await expect(pool.run(1)).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    } finally {
      await pool.close();
    }
  });
});
