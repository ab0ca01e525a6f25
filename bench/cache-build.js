// Photos → a durable cache of decoded pixels, by the pipeline's own step, beside decoding alone, beside what the disk
// gives, and beside the writers of other loaders, which get simplejpeg's and OpenCV's pixels. Under `taskset -c 0` all
// sides have one core; with TMPDIR in memory the disk plays no part.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createContext } from '#src/context.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { runStage } from '#src/stage.js';
import { decodeResize } from '#src/stages/decode-resize.js';
import { buildCaches } from '#src/steps/cache.js';
import { iterate } from '#src/streams.js';
import { writeToFile } from './cache.js';
import { photoFiles, TARGET } from './data.js';
import { measure } from './measure.js';
import { asSides, startSharedPeer } from './peer.js';

/** At most: enough that the start of threads and processes costs little. */
const PHOTOS = 4096;
const ROUNDS = 3;
/** Each as its script leaves it, and with its files synced, which the cache always is; py-lmdb's are. */
const PEERS = [
  { python: 'ffcv', peer: 'ffcv_raw' },
  { python: 'ffcv', peer: 'ffcv_raw', sync: true },
  { python: 'cv2', peer: 'memmap' },
  { python: 'cv2', peer: 'memmap', sync: true },
  { python: 'tensorflow', peer: 'tfrecord' },
  { python: 'tensorflow', peer: 'tfrecord', sync: true },
  { python: 'cv2', peer: 'lmdb_sync' },
  { python: 'cv2', peer: 'litdata_raw' },
];

export default async function cacheBuild({ source, photos: decoded, folder }) {
  const files = await photoFiles(source, PHOTOS);
  const samples = samplesOf(files);
  const list = join(folder, 'cache-build.txt');
  writeFileSync(list, files.join('\n'));
  const stores = join(folder, 'stores');
  // As many bytes as the photos' pixels.
  const pixels = files.map((_, index) => decoded[index % decoded.length]);
  for (const workers of new Set([availableParallelism(), 1])) {
    const peers = [];
    for (const { python, peer, sync = false } of PEERS) {
      const asked = { list, cores: workers, out: join(stores, `${peer}-${sync}`), sync };
      const side = await startSharedPeer(python, 'write', peer, asked);
      if (side) peers.push({ ...side, name: `${peer}${sync ? ', synced' : ''} (${side.name})` });
    }
    try {
      await measure(
        `${files.length} photos → a cache of ${TARGET.width} × ${TARGET.height} × 3, ${workers} worker${workers > 1 ? 's' : ''}`,
        {
          'abo-pipeline, synced': () => build(join(stores, 'cache'), samples, { workers }),
          'its decode/resize alone': () => decode(samples, { workers }),
          'the disk: one raw file, one fsync': () => writeToFile(join(stores, 'raw'), pixels),
          ...asSides(peers),
        },
        {
          rounds: ROUNDS,
          warm: false,
          before() {
            rmSync(stores, { recursive: true, force: true });
            mkdirSync(stores);
          },
        },
      );
    } finally {
      for (const peer of peers) await peer.stop();
      rmSync(stores, { recursive: true, force: true });
    }
  }
}

/** Samples of one task, with the sha256 that curation would have found. */
export function samplesOf(files) {
  return files.map((file, index) => ({
    path: file,
    file,
    imageId: String(index),
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
    label: 'one',
    split: 'train',
    component: String(index),
    task: 'bench',
  }));
}

/** The step `cache` without its run folder. @param {import('#src/context.js').ResourceOptions} resources */
export async function build(path, samples, resources) {
  const task = { task: 'bench', digest: '0'.repeat(64), samples, natural: {}, given: true };
  const identity = pixelIdentity(TARGET);
  const context = createContext(resources);
  const [{ summary }] = await buildCaches({ caches: [{ path, identity }], tasks: [task], context });
  return summary.records;
}

/** The same without the cache. */
async function decode(samples, resources) {
  const context = createContext(resources);
  let photos = 0;
  for await (const { release } of runStage(decodeResize([TARGET]), iterate(samples), context)) {
    photos += 1;
    release();
  }
  return photos;
}
