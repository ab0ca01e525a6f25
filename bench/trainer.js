// A null trainer: how long it waits for V2-augmented batches when its step takes as long as its rate says.
import { join } from 'node:path';
import { augmentationSchema } from '#src/augment/schema.js';
import { batches, openReaders } from '#src/batches.js';
import { V2 } from './augment.js';
import { pixelCache } from './batches.js';
import { SIZE } from './data.js';
import { spread } from './measure.js';

const SECONDS = 15;
/** Batches made ahead: what the machine's other work takes is not waited for, within some 300 MB. */
const ahead = (size) => (size <= 32 ? 6 : 2);
/** More than there is time for. */
const EPOCHS = 1000;
const ROUNDS = 3;

export default async function trainer({ photos, folder }) {
  const cache = await pixelCache(join(folder, 'cache-trainer'), photos);
  const one = openReaders(cache, 1);
  const two = openReaders(cache, 2);
  try {
    await waiting('takes V2-augmented float32', {
      cache,
      samples: photos.map(({ sha256 }) => ({ key: cache.keyOf(sha256), label: 0 })),
      rates: [500, 1500],
      sizes: [32, 256],
      readers: { 'one reading thread': one, two },
      options: { normalise: 'scale' },
      recipe: augmentationSchema.parse(V2),
    });
  } finally {
    await one.close();
    await two.close();
    await cache.close();
  }
}

/**
 * Prints what share of its time a trainer waits, at each rate, with each number of reading threads and each batch size:
 * the median and spread of rounds that take all of them in turn.
 */
export async function waiting(title, { rates, sizes, readers, ...stream }) {
  const cases = rates.flatMap((rate) =>
    sizes.flatMap((size) =>
      Object.entries(readers).map(([name, workers]) => ({
        rate,
        size,
        name,
        workers,
        shares: [],
        reached: [],
      })),
    ),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of cases) {
      const { share, reached } = await train({ ...stream, ...each });
      each.shares.push(share);
      each.reached.push(reached);
    }
  }
  console.log(`\nA trainer that ${title} photos of ${SIZE} × ${SIZE} × 3 at a fixed rate waits`);
  for (const { rate, size, name, shares, reached } of cases) {
    console.log(
      `  ${rate} photos/s, batches of ${size}, ${name.padEnd(18)}  ${spread(shares, 1)} % of the time, reaches ${spread(reached, 0)} photos/s`,
    );
  }
}

/**
 * A trainer whose step takes as long as its rate says and leaves the processor alone, as a GPU's does: the share of the
 * time that it waited for batches, in percent, and the rate that it came to.
 */
async function train({ cache, samples, rate, size, workers, options, recipe }) {
  const step = (1000 * size) / rate;
  const shuffle = { seed: 1, epoch: 1 };
  const augment = recipe && { recipe, ...shuffle };
  const ring = { workers, buffers: 2, ahead: ahead(size) };
  const all = { samples, batchSize: size, epochs: EPOCHS, shuffle, last: 'drop', ...ring, ...options };
  const stream = batches(cache, { ...all, ...(augment && { augment }) });
  const started = performance.now();
  let waited = 0;
  let photos = 0;
  while (performance.now() - started < 1000 * SECONDS) {
    const asked = performance.now();
    const { done } = await stream.next();
    if (done) throw new Error(`${EPOCHS} epochs of ${samples.length} photos took less than ${SECONDS} s`);
    const ready = performance.now();
    waited += ready - asked;
    photos += size;
    // The end of the step is where it would be without the timer's own delay.
    await until(ready + step);
  }
  const elapsed = performance.now() - started;
  await stream.return();
  return { share: (100 * waited) / elapsed, reached: (1000 * photos) / elapsed };
}

/** Sleeps up to the last millisecond, which a timer would miss, and gives other work its turns in that one. */
async function until(time) {
  const rest = time - performance.now() - 1;
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  while (performance.now() < time) await new Promise(setImmediate);
}
