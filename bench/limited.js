// A cache four times the memory that its reader may use, by a control group, beside FFCV's file of the same pixels. Before
// each epoch the system forgets the files.
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copiesOf, pixelCache } from './batches.js';
import { writeToFile } from './cache.js';
import { measure } from './measure.js';
import { forget, limitedGroup, watchPeak } from './memory.js';
import { asSides, startSharedPeer, startSide } from './peer.js';

/** Copies of the photos, under other names: 5 GB, so that a quarter of them is more than Python with FFCV takes by itself. */
const COPIES = 64;
const ROUNDS = 3;
/** FFCV's quasi-random order holds twice as many pages of 8 MB as a batch has photos: larger ones do not fit. */
const BATCH = 32;
/** Of an exact shuffle, photos a turn: none is in memory, and each costs more than a hundred of a block's. */
const EXACT_PHOTOS = 1024;
const THREADS = 2;
const MEBIBYTE = 2 ** 20;

export default async function limited({ photos: few, folder }) {
  const bytes = COPIES * few.length * few[0].pixels.length;
  const limit = Math.ceil(bytes / 4 / MEBIBYTE) * MEBIBYTE;
  let groups;
  try {
    groups = [0, 1, 2, 3].map((index) => limitedGroup(`abo-bench-${process.pid}-${index}`, limit));
  } catch ({ message }) {
    console.log(
      `\nSKIPPED: no control group with a limit can be made (${message}); ABO_CGROUP names another place`,
    );
    return;
  }
  const photos = copiesOf(few, COPIES);
  const path = join(folder, 'cache-limited');
  const raw = join(folder, 'limited.raw');
  await (await pixelCache(path, photos)).close();
  writeToFile(raw, photos);

  const stored = { raw, photos: photos.length, batch: BATCH, folder: join(folder, 'limited-peers') };
  // Writes FFCV's file, without a limit.
  await (await startSharedPeer('ffcv', 'read', 'ffcv', { ...stored, cores: 1, order: 'sequential' }))?.stop();
  // As long as it was while it is only looked at.
  truncateSync(raw);
  truncateSync(raw, bytes);

  const ours = (mode, most) => (options) =>
    startSide(
      `batch stream, ${mode}`,
      [
        process.execPath,
        fileURLToPath(new URL('limited-side.js', import.meta.url)),
        JSON.stringify({ path, mode, most, batch: BATCH, workers: THREADS }),
      ],
      options,
    );
  const theirs = (order, most) => async (options) => {
    const side = await startSharedPeer(
      'ffcv',
      'read',
      'ffcv',
      { ...stored, cores: THREADS, order, most },
      options,
    );
    return side && { ...side, name: `${side.name}, ${order}` };
  };
  const starts = [
    ours('block'),
    theirs('quasi-random'),
    ours('exact', EXACT_PHOTOS),
    theirs('random', EXACT_PHOTOS),
  ];
  const sides = [];
  try {
    for (const [index, start] of starts.entries()) {
      const group = groups[index];
      const side = await start({ group: group.folder });
      sides.push({ group, side, memory: side && watchPeak(side.pid) });
    }
    const running = sides.filter(({ side }) => side);
    await measure(
      `${photos.length} photos of ${(bytes / MEBIBYTE).toFixed(0)} MB within ${limit / MEBIBYTE} MB of memory, batches of ${BATCH}, ${THREADS} threads`,
      asSides(running.map(({ side }) => side)),
      {
        rounds: ROUNDS,
        before() {
          for (const { group } of sides) group.empty();
          forget([
            join(path, 'data.mdb'),
            ...readdirSync(stored.folder).map((name) => join(stored.folder, name)),
          ]);
        },
      },
    );
    for (const { side, group, memory } of running) {
      console.log(
        `  ${side.name}: peak of the group ${group.peak().toFixed(0)} MB, of RssAnon + RssShmem ${memory.take().toFixed(0)} MB`,
      );
    }
  } finally {
    for (const { side, memory } of sides) {
      memory?.stop();
      await side?.stop();
    }
    for (const group of groups) group.remove();
  }
}
