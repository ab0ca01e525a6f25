// A side of bench/limited.js: an epoch of a cache's photos for each line of input, or so many of its first.
import { createInterface } from 'node:readline';
import { batches, openReaders } from '#src/batches.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';

const {
  path,
  mode,
  most = Number.POSITIVE_INFINITY,
  batch: batchSize,
  workers: threads,
} = JSON.parse(process.argv[2]);
const cache = openCache(path);
const workers = openReaders(cache, threads);
const samples = [...cache.keys()].map((key) => ({ key, label: 0 }));
console.log(JSON.stringify({ version: `${threads} reading threads` }));
let epoch = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  epoch += 1;
  let photos = 0;
  const shuffle = { seed: 1, epoch, mode };
  for await (const { size } of batches(cache, { samples, batchSize, shuffle, workers })) {
    photos += size;
    if (photos >= most) break;
  }
  console.log(JSON.stringify({ photos }));
}
await workers.close();
await cache.close();
