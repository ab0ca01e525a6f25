import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asPipelineError, PipelineError, throwIfAborted } from '../../errors.js';
import type { EventBus } from '../../events.js';
import { bijection, type RandomSource, randomSource } from '../../random.js';
import { type DumpFiles, openFiles, prepareFolder, README, SHARDS, UNFINISHED } from '../folder.js';
import { imageIdOf, imagePathOf } from '../ids.js';
import { MOST_LISTINGS } from '../plan.js';
import { TRUTH } from '../truth.js';
import { type AboPlan, planAbo } from './plan.js';
import { readmeOf } from './readme.js';
import { aboRow } from './row.js';
import { type AboTruthTotals, aboTruthHeader, truthOf } from './truth.js';
import { ABO } from './types.js';

/** Listings below which V2's classes could not be told by their size from what it leaves out. */
const FEWEST_LISTINGS = 2500;
/** Lines between two looks at the signal. */
const BLOCK = 512;

export interface AboSynthOptions {
  /** The folder to write; made when it is not there, and emptied when it holds an older synthetic dump. */
  out: string;
  /** Rows; default: ABO's 147,702. All numbers are in proportion to them. */
  listings?: number;
  seed: number;
  signal: AbortSignal;
  events?: EventBus;
}

/**
 * Writes the metadata of a dump of ABO's shape, without photos: ABO's numbers of listings, images, views and types, and
 * its image counts of V2's classes; all else is invented, which its README says. With a truth file. A function of (seed,
 * listings); memory is some 20 bytes a listing.
 * @returns the truth's totals.
 * @throws {PipelineError} `USAGE` when `out` holds something else, or `listings` is out of range or leaves no room for
 * ABO's proportions, `ABORTED`, `DISK_FULL`.
 */
export async function synthesizeAbo(options: AboSynthOptions): Promise<AboTruthTotals> {
  const { out, listings = ABO.listings, seed, signal, events } = options;
  if (!Number.isInteger(listings) || listings < FEWEST_LISTINGS || listings > MOST_LISTINGS) {
    throw new PipelineError(
      'USAGE',
      `Expected ${FEWEST_LISTINGS} to ${MOST_LISTINGS} listings in ABO's shape but received ${String(listings)}`,
    );
  }
  throwIfAborted(signal);
  const random = randomSource(seed, 'synth/abo');
  const plan = planAbo(random, listings);
  await prepareFolder(out);
  const files = await openFiles(out);
  try {
    await writeListings(plan, { files, random, signal, events });
    await writeTable(plan, { files, random, signal });
    const { types, totals } = truthOf(plan);
    for (const line of [aboTruthHeader(seed, listings), ...types, totals]) {
      await files.truth.write(JSON.stringify(line));
    }
    for (const file of [...files.shards, files.table, files.truth]) await file.close();
    await writeFile(join(out, README), readmeOf(plan.size, seed));
    await rename(join(out, UNFINISHED), join(out, TRUTH));
    return totals;
  } catch (error) {
    for (const file of [...files.shards, files.table, files.truth]) file.destroy();
    throw asPipelineError(error);
  }
}

interface Writing {
  files: DumpFiles;
  random: RandomSource;
  signal: AbortSignal;
  events?: EventBus | undefined;
}

/** Shard after shard, all but the last with equally many lines, as ABO's are. */
async function writeListings(plan: AboPlan, { files, random, signal, events }: Writing): Promise<void> {
  const { listings } = plan.size;
  const perShard = Math.ceil(listings / SHARDS.length);
  for (let place = 0; place < listings; place++) {
    const listing = plan.at(place);
    const type = listing.type === undefined ? undefined : plan.types[listing.type]!.name;
    await files.shards[Math.floor(place / perShard)]!.write(aboRow(random, listing, type));
    if (place % BLOCK !== 0) continue;
    throwIfAborted(signal);
    events?.emit({ type: 'progress', stage: 'synth', done: place, total: listings, unit: 'listings' });
  }
}

/** Original sizes as ABO's: height 21 to 2,871, width 65 to 3,000. Orphans lie among the others. */
async function writeTable(plan: AboPlan, { files, random, signal }: Writing): Promise<void> {
  const { tableRows } = plan.size;
  const order = bijection(tableRows, random.seed, 'table');
  for (let at = 0; at < tableRows; at++) {
    if (at % BLOCK === 0) throwIfAborted(signal);
    const image = order(at);
    const height = 21 + random.integer(2851, 'height', image);
    const width = 65 + random.integer(2936, 'width', image);
    await files.table.write(
      `${imageIdOf(random.seed, image)},${height},${width},${imagePathOf(random.seed, image)}`,
    );
  }
}
