import { mkdir, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { mapOrdered } from '../concurrency.js';
import { asPipelineError, PipelineError, throwIfAborted } from '../errors.js';
import type { EventBus } from '../events.js';
import { type RandomSource, randomSource } from '../random.js';
import { iterate } from '../streams.js';
import { BOILERPLATE_NAMES, type BoilerplateName } from './draw/boilerplate.js';
import { type DumpFiles, openFiles, prepareFolder, SHARDS, UNFINISHED } from './folder.js';
import { listingRow } from './listing.js';
import { truthNodes } from './nodes.js';
import { drawPicture, renderPicture } from './photo.js';
import { boilerplatePhoto, MOST_LISTINGS, type PhotoPlan, type ProductPlan, planDump } from './plan.js';
import {
  addBoilerplate,
  addProduct,
  emptyTotals,
  TRUTH,
  type TruthLine,
  type TruthTotals,
  truthHeader,
  truthPhoto,
  truthProduct,
} from './truth.js';

const PROGRESS_EVERY_MS = 250;

export interface SynthOptions {
  /** The folder to write; made when it is not there, and emptied when it holds an older synthetic dump. */
  out: string;
  /** Rows, at least 1. */
  listings: number;
  seed: number;
  /** Products rendered at once; default: the machine's cores. The dump does not depend on it. */
  workers?: number;
  signal: AbortSignal;
  events?: EventBus;
}

/**
 * Draws a dump in ABO's own layout, with a truth file that says what really is in it. Everything is a function of
 * (seed, listings): the same two give the same bytes, and memory does not grow with the number of listings.
 * @returns the truth's totals.
 * @throws {PipelineError} `USAGE` when `out` holds something else or `listings` is out of range, `ABORTED`, `DISK_FULL`.
 */
export async function synthesize(options: SynthOptions): Promise<TruthTotals> {
  const { out, listings, seed, workers = availableParallelism(), signal, events } = options;
  if (!Number.isInteger(listings) || listings < 1 || listings > MOST_LISTINGS) {
    throw new PipelineError(
      'USAGE',
      `Expected 1 to ${MOST_LISTINGS} listings but received ${String(listings)}`,
    );
  }
  throwIfAborted(signal);
  await prepareFolder(out);
  const random = randomSource(seed, 'synth');
  const files = await openFiles(out);
  const write = writerOf(out, random, files);
  try {
    await write.truth(truthHeader(seed, listings));
    await write.truth({ kind: 'tree', ...truthNodes() });
    const products = mapOrdered(
      iterate(planDump(random, listings)),
      async (product) => ({ product, rows: await writePhotos(out, random, product.photos) }),
      { concurrency: workers, signal },
    );
    let announced = performance.now();
    for await (const { product, rows } of products) {
      await write.product(product, rows);
      if (performance.now() - announced < PROGRESS_EVERY_MS) continue;
      announced = performance.now();
      const done = write.totals.listings;
      events?.emit({ type: 'progress', stage: 'synth', done, total: listings, unit: 'listings' });
    }
    await write.end();
    await rename(join(out, UNFINISHED), join(out, TRUTH));
    return write.totals;
  } catch (error) {
    for (const file of [...files.shards, files.table, files.truth]) file.destroy();
    throw asPipelineError(error);
  }
}

/** Writes products one after another into the dump's tables, and counts. */
function writerOf(out: string, random: RandomSource, { shards, table, truth }: DumpFiles) {
  const totals = emptyTotals();
  const boilerplate = new Map<BoilerplateName, number>();
  // Neighbouring rows lie in different shards, as a product's marketplaces do in ABO.
  const place = (index: number) => ({
    shard: SHARDS[index % SHARDS.length]!,
    line: Math.floor(index / SHARDS.length) + 1,
  });
  const writeTruth = (line: TruthLine) => truth.write(JSON.stringify(line));
  return {
    totals,
    truth: writeTruth,
    async product(product: ProductPlan, rows: readonly string[]): Promise<void> {
      for (const listing of product.listings) {
        await shards[listing.index % SHARDS.length]!.write(listingRow(random, listing, product.ordinal));
      }
      for (const row of rows) await table.write(row);
      for (const name of product.boilerplate) {
        boilerplate.set(name, (boilerplate.get(name) ?? 0) + product.listings.length);
      }
      addProduct(totals, product);
      await writeTruth(truthProduct(product, place));
    },
    /** Boilerplate comes last: only what a listing names is written. */
    async end(): Promise<void> {
      for (const name of BOILERPLATE_NAMES) {
        const named = boilerplate.get(name);
        if (named === undefined) continue;
        const photo = boilerplatePhoto(random.seed, name);
        for (const row of await writePhotos(out, random, [photo])) await table.write(row);
        addBoilerplate(totals);
        await writeTruth({ kind: 'boilerplate', name, listings: named, ...truthPhoto(photo) });
      }
      await writeTruth(totals);
      for (const file of [...shards, table, truth]) await file.close();
    },
  };
}

/** Draws photos into the dump. @returns their rows of the image table. */
async function writePhotos(
  out: string,
  random: RandomSource,
  photos: readonly PhotoPlan[],
): Promise<string[]> {
  const rows: string[] = [];
  for (const photo of photos) {
    if (photo.state === 'unlisted') continue;
    const picture = drawPicture(random, photo.scene);
    const { height, width } = picture.original;
    rows.push(`${photo.imageId},${height},${width},${photo.path}`);
    if (photo.state === 'missing') continue;
    const file = join(out, 'images/small', photo.path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, fileOf(await renderPicture(picture, photo.encoding), photo));
  }
  return rows;
}

function fileOf(jpeg: Buffer, { state, imageId }: PhotoPlan): Buffer | string {
  switch (state) {
    case 'cut':
      return jpeg.subarray(0, Math.floor(jpeg.length / 2));
    case 'empty':
      return '';
    case 'text':
      return `<html><body>404: ${imageId} is not here</body></html>\n`;
    default:
      return jpeg;
  }
}
