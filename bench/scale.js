// One and four times the photos: the time and the memory of building a cache and of reading it, in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { photoFiles } from './data.js';
import { spread } from './measure.js';
import { watchPeak } from './memory.js';

const COPIES = 4;
const ROUNDS = 2;
const MEBIBYTE = 2 ** 20;
const MEMORY = [1024 * MEBIBYTE, 256 * MEBIBYTE];

export default async function scale({ source, folder }) {
  const files = await photoFiles(source, Number.POSITIVE_INFINITY);
  const lists = { 1: join(folder, 'scale-1.txt'), [COPIES]: join(folder, `scale-${COPIES}.txt`) };
  writeFileSync(lists[1], files.join('\n'));
  writeFileSync(lists[COPIES], [...files, ...copies(files, join(folder, 'copies'))].join('\n'));
  for (const memory of MEMORY) {
    const times = [1, COPIES].map((factor) => ({ factor, build: [], read: [], buildPeak: [], readPeak: [] }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { factor, ...found } of times) {
        const path = join(folder, 'cache-scale');
        const side = await run({ path, list: lists[factor], memory });
        for (const [name, value] of Object.entries(side)) found[name].push(value);
        rmSync(path, { recursive: true, force: true });
      }
    }
    console.log(`\n${files.length} photos and ${COPIES} times as many, --memory ${memory / MEBIBYTE}MB`);
    const [once] = times;
    for (const [name, title] of Object.entries({ build: 'build a cache', read: 'read it, shuffled' })) {
      for (const { factor, ...found } of times) {
        const ratios = found[name].map((seconds, round) => seconds / once[name][round]);
        const compared = factor === 1 ? '' : `, ${spread(ratios, 2)} times the time`;
        console.log(
          `  ${title}, ${factor}×: ${spread(found[name], 2)} s, RssAnon + RssShmem at most ${spread(found[`${name}Peak`], 0)} MB${compared}`,
        );
      }
    }
  }
}

/** Builds and reads a cache; seconds, and the memory's peaks in MB. */
async function run(asked) {
  const path = fileURLToPath(new URL('scale-side.js', import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(asked)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const memory = watchPeak(child.pid);
  const found = {};
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { name, seconds } = JSON.parse(line);
      found[name] = seconds;
      found[`${name}Peak`] = memory.take();
    }
    if (child.exitCode === null) await once(child, 'exit');
  } finally {
    memory.stop();
  }
  return found;
}

/** The photos again with bytes behind their end, so that they have other names in the cache. */
function copies(files, folder) {
  mkdirSync(folder);
  return Array.from({ length: COPIES - 1 }, (_, copy) =>
    files.map((file, index) => {
      const path = join(folder, `${copy}-${index}.jpg`);
      copyFileSync(file, path);
      appendFileSync(path, String(copy));
      return path;
    }),
  ).flat();
}
