import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PipelineError } from '../errors.js';
import type { EventBus } from '../events.js';
import { stretchOf } from '../place.js';
import { following } from '../streams.js';
import { megabytes, telling } from '../telling.js';
import { findImages, findShards } from './abo-layout.js';
import type { Opening } from './archive.js';
import { filesIdentity } from './files-identity.js';
import { readImageTable } from './image-table.js';
import { type DumpFile, readRows, readShard } from './shard.js';
import type { Source } from './source.js';

/** A dump in ABO's own layout, or its listings from a stream (as `readRows` takes it) with the photos in such a dump. */
export type AboOptions = ({ dir: string } | { stdin: AsyncIterable<Uint8Array>; images: string }) &
  Partial<Opening>;

/**
 * Opens a dump in ABO's layout: `listings/metadata/listings_*.json[.gz|.zst]`,
 * `images/metadata/images.csv[.gz|.zst]`, `images/small/`. What is not there as a folder comes from ABO's archives as they are downloaded,
 * `abo-listings.tar` and `abo-images-small.tar`: their headers are read here, once, and nothing is unpacked. Without small
 * photos the originals are taken: `images/original/` or `abo-images-original.tar`.
 * @throws {PipelineError} `DUMP_MISSING` when the folder, the image table or the listings are not there,
 * `DUMP_EMPTY` when it has no shard, `INPUT_INVALID` for a damaged, cut or compressed archive, `ABORTED`.
 */
export async function aboSource(options: AboOptions): Promise<Source> {
  const { signal = new AbortController().signal, events } = options;
  const opening: Opening = { signal, ...(events && { events }) };
  const root = resolve('dir' in options ? options.dir : options.images);
  await assertDump(root);
  const shards = 'dir' in options ? await findShards(root, opening) : [];
  const { table, imagesRoot } = await findImages(root, opening);
  const photos: Pick<Source, 'kind' | 'root' | 'imagesRoot' | 'images'> = {
    kind: 'abo',
    root,
    imagesRoot,
    images: (signal, refuse) => readImageTable(table, signal, refuse),
  };
  if ('stdin' in options) {
    return {
      ...photos,
      name: '-',
      rows: (signal, cut) => readRows(options.stdin, { signal, ...(cut && { cut }) }),
      identity: async () => undefined,
    };
  }
  return {
    ...photos,
    name: options.dir,
    rows(signal, cut) {
      const onBytes = tellingBytes(shards, events);
      return following(shards.map((shard) => readShard(shard, signal, cut, onBytes)));
    },
    identity() {
      const files = [...shards, table].map(({ place }) => stretchOf(place)?.archive ?? place);
      return filesIdentity([...new Set(files)], root);
    },
  };
}

/** Tells how much of all shards was read. */
function tellingBytes(shards: readonly DumpFile[], events: EventBus | undefined): (count: number) => void {
  const sizes = shards.map(
    ({ place }) => stretchOf(place)?.size ?? statSync(place, { throwIfNoEntry: false })?.size ?? 0,
  );
  const total = megabytes(sizes.reduce((sum, size) => sum + size, 0));
  const tell = telling(events, { stage: 'listings', unit: 'MB', total });
  let done = 0;
  return (count) => {
    done += count;
    tell(megabytes(done));
  };
}

async function assertDump(root: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new PipelineError('DUMP_MISSING', `Expected the dump at ${root} but there is no such folder`, {
    hint: '`pipeline fetch abo --out DIR` downloads one, `pipeline synth --out DIR` draws a small one to try things with; other catalogues: recipes/folder.yaml and recipes/records.yaml.',
  });
}
