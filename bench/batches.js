// The batch stream from a cache that lies in the system's page cache, beside memcpy of the same bytes and other loaders'
// own stores of them, and how long a trainer of a fixed rate waits for it. Under `taskset -c 0` all sides have one core.
import { closeSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { batches, openReaders } from '#src/batches.js';
import { bijection } from '#src/random.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { writeToFile } from './cache.js';
import { SIZE, TARGET } from './data.js';
import { measure } from './measure.js';
import { asSides, startSharedPeer } from './peer.js';
import { waiting } from './trainer.js';

const BATCH = 256;
/** The photos are stored so many times under other names: more bytes than a processor's own caches hold. */
const COPIES = 4;
/**
 * Python's loaders, as their own scripts in ABO_SHARED/peers have them. FFCV's and torch's threads wait by spinning: on
 * cores that others use too they are several times as fast with one.
 */
const PEERS = [
  { python: 'ffcv', peer: 'ffcv', cores: 1 },
  { python: 'cv2', peer: 'py-lmdb', cores: 1 },
  { python: 'tensorflow', peer: 'tfrecord', cores: availableParallelism() },
  { python: 'cv2', peer: 'dataloader_0', cores: 1 },
];

export default async function batchStream({ photos: few, folder }) {
  const photos = copiesOf(few, COPIES);
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
    const stored = { raw: file, photos: photos.length, batch: BATCH, folder: join(folder, 'peers') };
    const orders = {
      'in the order of the keys': [{}, (at) => at, 'sequential'],
      shuffled: [{ shuffle: { seed: 1, epoch: 1 } }, bijection(photos.length, 'bench'), 'random'],
    };
    for (const [name, [shuffle, order, theirs]] of Object.entries(orders)) {
      const peers = [];
      for (const { python, peer, cores } of PEERS)
        peers.push(await startSharedPeer(python, 'read', peer, { ...stored, cores, order: theirs }));
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
          ...asSides(peers),
        },
        { rounds: 9 },
      );
      for (const peer of peers) await peer?.stop();
    }
    await waiting('takes float32', {
      cache,
      samples,
      rates: [500, 1500],
      sizes: [32],
      readers: { 'no thread': none, 'one reading thread': one, two },
      options: { normalise: 'tf' },
    });
  } finally {
    await none.close();
    await one.close();
    await two.close();
    closeSync(raw);
    await cache.close();
  }
}

/** The same photos so many times, each under a name of its own. */
export function copiesOf(photos, copies) {
  return Array.from({ length: copies }, (_, copy) =>
    photos.map(({ sha256, pixels }) => ({
      sha256: copy.toString(16).padStart(8, '0') + sha256.slice(8),
      pixels,
    })),
  ).flat();
}

export async function pixelCache(path, photos) {
  const writer = await writeCache(path, pixelIdentity(TARGET));
  await Promise.all(photos.map(({ sha256, pixels }) => writer.put(sha256, pixels)));
  await writer.close();
  return openCache(path);
}
