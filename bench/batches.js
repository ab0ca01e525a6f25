// The batch stream from a cache that lies in the system's page cache, beside memcpy of the same bytes, and how long a
// trainer of a fixed rate waits for it.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { batches, openReaders } from '#src/batches.js';
import { bijection } from '#src/random.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { writeToFile } from './cache.js';
import { SIZE, TARGET } from './data.js';
import { measure, median } from './measure.js';

const BATCH = 256;
/** The photos are stored so many times under other names: more bytes than a processor's own caches hold. */
const COPIES = 4;
const SECONDS = 5;

export default async function batchStream({ photos: few, folder }) {
  const photos = Array.from({ length: COPIES }, (_, copy) =>
    few.map(({ sha256, pixels }) => ({ sha256: `${sha256}-${copy}`, pixels })),
  ).flat();
  const cache = await pixelCache(join(folder, 'cache-batches'), photos);
  const file = join(folder, 'batches.raw');
  writeToFile(file, photos);
  const raw = openSync(file, 'r');
  const none = openReaders(cache, 0);
  const one = openReaders(cache, 1);
  const two = openReaders(cache, 2);
  try {
    const bytes = cache.valueBytes;
    const memory = Buffer.concat(photos.map(({ pixels }) => pixels));
    const samples = photos.map(({ sha256 }) => ({ key: cache.keyOf(sha256), label: 0 }));
    const rings = [0, 1, 2].map(() => new Uint8Array(BATCH * bytes));
    const inBatches = (order, copy) => () => {
      for (let at = 0; at < photos.length; at++) {
        copy(order(at), rings[Math.floor(at / BATCH) % 3], (at % BATCH) * bytes);
      }
      return photos.length;
    };
    const ours = (shuffle, workers) => async () => {
      let done = 0;
      for await (const { size } of batches(cache, { samples, batchSize: BATCH, workers, ...shuffle }))
        done += size;
      return done;
    };
    const orders = {
      'in the order of the keys': [{}, (at) => at],
      shuffled: [{ shuffle: { seed: 1, epoch: 1 } }, bijection(photos.length, 'bench')],
    };
    for (const [name, [shuffle, order]] of Object.entries(orders)) {
      await measure(
        `Batches of ${BATCH} × ${SIZE} × ${SIZE} × 3 bytes, ${name}`,
        {
          'batch stream': ours(shuffle, none),
          'memcpy of the same bytes': inBatches(order, (index, target, offset) =>
            memory.copy(target, offset, index * bytes, (index + 1) * bytes),
          ),
          'one raw file': inBatches(order, (index, target, offset) =>
            readSync(raw, target, offset, bytes, index * bytes),
          ),
          'batch stream, one reading thread': ours(shuffle, one),
          'batch stream, two': ours(shuffle, two),
        },
        { rounds: 9 },
      );
    }
    const waits = { cache, samples, seconds: SECONDS };
    console.log('\nA trainer that takes batches of 32 × 224 × 224 × 3 float32 at a fixed rate waits');
    for (const rate of [500, 1500]) {
      for (const [name, workers] of Object.entries({ 'no thread': none, 'one reading thread': one, two })) {
        console.log(
          `  ${rate} photos/s, ${name.padEnd(18)}  ${await waitShare({ ...waits, rate, workers })}`,
        );
      }
    }
  } finally {
    await none.close();
    await one.close();
    await two.close();
    closeSync(raw);
    await cache.close();
  }
}

/**
 * A trainer whose step takes as long as its rate says and leaves the processor alone, as a GPU's does: the share of the
 * time that it waited for batches, and the rate that it came to.
 */
async function waitShare({ cache, samples, rate, workers, seconds }) {
  const size = 32;
  const step = (1000 * size) / rate;
  const waits = [];
  const started = performance.now();
  let done = 0;
  for (let epoch = 1; performance.now() - started < 1000 * seconds; epoch++) {
    const shuffle = { seed: 1, epoch };
    const options = { samples, batchSize: size, shuffle, normalise: 'tf', workers, last: 'drop', buffers: 2 };
    const stream = batches(cache, options);
    while (performance.now() - started < 1000 * seconds) {
      const asked = performance.now();
      const { done: ended } = await stream.next();
      const ready = performance.now();
      waits.push(ready - asked);
      if (ended) break;
      done += size;
      // The end of the step is where it would be without the timer's own delay.
      await until(ready + step);
    }
    await stream.return();
  }
  const elapsed = performance.now() - started;
  const share = (100 * waits.reduce((sum, wait) => sum + wait, 0)) / elapsed;
  const reached = (1000 * done) / elapsed;
  return `${share.toFixed(1)} % of the time (median ${median(waits).toFixed(2)} ms a batch), reaches ${reached.toFixed(0)} photos/s`;
}

/** Sleeps up to the last millisecond, which a timer would miss, and gives other work its turns in that one. */
async function until(time) {
  const rest = time - performance.now() - 1;
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  while (performance.now() < time) await new Promise(setImmediate);
}

async function pixelCache(path, photos) {
  const writer = await writeCache(path, pixelIdentity(TARGET));
  await Promise.all(photos.map(({ sha256, pixels }) => writer.put(sha256, pixels)));
  await writer.close();
  return openCache(path);
}
