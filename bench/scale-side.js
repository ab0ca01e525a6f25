// The process of bench/scale.js: builds a cache of a list's photos, then reads it; prints {"name", "seconds"} for each.
import { readFileSync } from 'node:fs';
import { batches, openReaders } from '#src/batches.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { build, samplesOf } from './cache-build.js';

const THREADS = 2;
const { path, list, memory } = JSON.parse(process.argv[2]);
const photos = samplesOf(readFileSync(list, 'utf8').split('\n'));
await timed('build', () => build(path, photos, { memory }));
await timed('read', async () => {
  const cache = openCache(path);
  const workers = openReaders(cache, THREADS);
  const samples = [...cache.keys()].map((key) => ({ key, label: 0 }));
  const shuffle = { seed: 1, epoch: 1 };
  let read = 0;
  for await (const { size } of batches(cache, { samples, batchSize: 256, shuffle, workers })) read += size;
  if (read !== photos.length) throw new Error(`Expected ${photos.length} photos but read ${read}`);
  await workers.close();
  await cache.close();
});

async function timed(name, work) {
  const started = performance.now();
  await work();
  console.log(JSON.stringify({ name, seconds: (performance.now() - started) / 1000 }));
}
