import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import type { EventBus } from '../events.js';
import { type RandomSource, randomSource } from '../random.js';
import { gzipFile } from '../sinks/jsonl.js';
import { imageIdOf, imagePathOf, numberOf, SHARED_PRODUCT } from './ids.js';
import { BOILERPLATE, COPY_PLACE, listingRows, ORPHAN_PLACE, rowText } from './listing.js';
import { type DrawnPhoto, damaged, drawBoilerplate, drawPhoto, encodeAgain } from './photo.js';
import { type Product, productOf } from './product.js';
import { isSyntheticDump, TRUTH, TRUTH_IMAGES, type TrueImage, type Truth } from './truth.js';

export interface SynthOptions {
  /** The dump's folder: made where absent; a synthetic dump that is there is replaced. */
  out: string;
  /** Listing rows, at least 1. */
  listings: number;
  seed: number;
  /** Products drawn at once. */
  workers: number;
  signal: AbortSignal;
  events?: EventBus;
}

const SHARDS = '0123456789abcdef';

/** A file of a dump: an image of the table, and its bytes where it is on the disk. */
interface ImageFile {
  row: string;
  path: string;
  bytes: Buffer | undefined;
  truth: TrueImage;
}

/**
 * Draws a dump in ABO's layout: `listings/metadata`, `images/metadata`, `images/small`, and what is true about it. The
 * same seed and number of listings give the same bytes, for any number of workers; nothing but one product a worker is
 * held. The truth is written last: a dump without it is not whole.
 * @throws {PipelineError} `USAGE` when `out` holds anything but a synthetic dump; `ABORTED`.
 */
export async function synthesize(options: SynthOptions): Promise<Truth> {
  const { out, listings, seed, workers, signal, events } = options;
  await emptyFolder(out);
  const random = randomSource(seed, 'synth');
  const table = gzipFile(join(out, 'images/metadata/images.csv.gz'));
  const images = gzipFile(join(out, TRUTH_IMAGES));
  const counts = { rows: 0, images: 0, products: 0 };
  const put = async ({ row, path, bytes, truth }: ImageFile) => {
    counts.images += 1;
    table.stream.write(`${row}\n`);
    images.stream.write(`${JSON.stringify(truth)}\n`);
    if (bytes === undefined) return;
    const file = join(out, 'images/small', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };

  try {
    table.stream.write('image_id,height,width,path\n');
    for (const file of await boilerplate(random)) await put(file);
    const shards = shardWriter(join(out, 'listings/metadata'), listings);
    try {
      const drawn = mapOrdered(
        products(random, listings),
        async ({ product, rows }) => ({ rows, files: await imageFiles(random, product) }),
        { concurrency: workers, signal },
      );
      for await (const { rows, files } of drawn) {
        counts.products += 1;
        for (const row of rows) await shards.write(rowText(row));
        for (const file of files) await put(file);
        counts.rows += rows.length;
        events?.emit({
          type: 'progress',
          stage: 'synth',
          done: counts.rows,
          total: listings,
          unit: 'listings',
        });
      }
    } finally {
      await shards.close();
    }
  } finally {
    table.stream.end();
    images.stream.end();
    await Promise.all([table.done, images.done]);
  }
  const truth: Truth = { schemaVersion: 1, seed, listings, ...counts };
  await writeFile(join(out, `${TRUTH}.unfinished`), `${JSON.stringify(truth, null, 2)}\n`);
  await rename(join(out, `${TRUTH}.unfinished`), join(out, TRUTH));
  return truth;
}

/** Whatever is not a synthetic dump, or the beginning of one, is the user's and is never touched. */
async function emptyFolder(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const present = await readdir(out);
  const started = present.includes(dirname(TRUTH_IMAGES));
  if (present.length > 0 && !started && !(await isSyntheticDump(out))) {
    throw new PipelineError(
      'USAGE',
      `Expected an empty folder or a synthetic dump but ${out} holds other files`,
      {
        hint: 'Choose another --out folder.',
      },
    );
  }
  await rm(join(out, TRUTH), { force: true });
  for (const folder of ['listings', 'images', dirname(TRUTH_IMAGES)]) {
    await rm(join(out, folder), { recursive: true, force: true });
  }
  for (const file of ['listings/metadata/', 'images/metadata/', 'images/small/', TRUTH_IMAGES]) {
    await mkdir(dirname(join(out, `${file}_`)), { recursive: true });
  }
  await mkdir(dirname(join(out, TRUTH_IMAGES)), { recursive: true });
}

/** Products until there are enough rows; the last one's may be cut. */
async function* products(
  random: RandomSource,
  listings: number,
): AsyncGenerator<{ product: Product; rows: object[] }> {
  let left = listings;
  for (let index = 0; left > 0; index++) {
    const product = productOf(random, index);
    const rows = listingRows(random, product).slice(0, left);
    left -= rows.length;
    yield { product, rows };
  }
}

/** All image files of one product, in the order of their places. */
async function imageFiles(random: RandomSource, product: Product): Promise<ImageFile[]> {
  if (product.traits.has('no-image')) return [];
  const photos: { place: number; view: number; photo: DrawnPhoto }[] = [];
  for (let view = 0; view < product.views; view++) {
    photos.push({ place: view, view, photo: await drawPhoto(random, product, view) });
  }
  const main = photos[0]!.photo;
  if (product.copy === 'bytes') photos.push({ place: COPY_PLACE, view: 0, photo: main });
  if (product.copy === 'encoded') photos.push({ place: COPY_PLACE, view: 0, photo: await encodeAgain(main) });
  const files = photos.map(({ place, view, photo }) => {
    const { damage } = product;
    const broken = place === 0 && damage !== undefined;
    const missing = place === 0 && !broken && product.traits.has('file-missing');
    return imageFile(random, numberOf(product.index, place), photo, {
      bytes: missing ? undefined : broken ? damaged(photo, damage) : photo.bytes,
      picture: `${product.index}/${view}`,
      family: String(product.shape),
      type: product.type,
      colour: product.colour,
      ...(broken && { fault: damage }),
      ...(missing && { fault: 'missing' }),
    });
  });
  if (product.traits.has('orphan')) {
    const photo = await encodeAgain(main);
    files.push(
      imageFile(random, numberOf(product.index, ORPHAN_PLACE), photo, {
        bytes: photo.bytes,
        picture: `${product.index}/0`,
        family: String(product.shape),
        fault: 'orphan',
      }),
    );
  }
  return files;
}

async function boilerplate(random: RandomSource): Promise<ImageFile[]> {
  const kinds = Object.keys(BOILERPLATE) as (keyof typeof BOILERPLATE)[];
  return Promise.all(
    kinds.map(async (kind) => {
      const photo = await drawBoilerplate(kind);
      const number = numberOf(SHARED_PRODUCT, BOILERPLATE[kind]);
      return imageFile(random, number, photo, { bytes: photo.bytes, picture: kind, family: kind });
    }),
  );
}

function imageFile(
  random: RandomSource,
  number: number,
  { width, height }: DrawnPhoto,
  { bytes, ...truth }: Omit<TrueImage, 'imageId' | 'path'> & { bytes: Buffer | undefined },
): ImageFile {
  const imageId = imageIdOf(number, random.seed);
  const path = imagePathOf(number, random.seed);
  return { row: `${imageId},${height},${width},${path}`, path, bytes, truth: { imageId, path, ...truth } };
}

/** Rows in equal shares over ABO's sixteen shards, one after the other. */
function shardWriter(folder: string, rows: number) {
  let written = 0;
  let open: { name: string; file: ReturnType<typeof gzipFile> } | undefined;
  const close = async () => {
    open?.file.stream.end();
    await open?.file.done;
    open = undefined;
  };
  return {
    async write(text: string) {
      const name = `listings_${SHARDS[Math.floor((written * SHARDS.length) / rows)]}.json.gz`;
      if (open?.name !== name) {
        await close();
        open = { name, file: gzipFile(join(folder, name)) };
      }
      written += 1;
      const { stream } = open.file;
      if (!stream.write(`${text}\n`)) await new Promise((resolve) => stream.once('drain', resolve));
    },
    close,
  };
}
