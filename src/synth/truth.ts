import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { PipelineError } from '../errors.js';
import type { BoilerplateName } from './draw/boilerplate.js';
import type { ProductType } from './draw/index.js';
import type { TruthNodes } from './nodes.js';
import type { ColorName } from './palette.js';
import type { FileState, PhotoPlan, ProductPlan, Trait } from './plan.js';

/** The truth file's place in a dump: written last, so that a dump that has it is whole. */
export const TRUTH = 'truth.jsonl.gz';
const SCHEMA_VERSION = 1;

/** The first line. */
export interface TruthHeader {
  kind: 'header';
  schemaVersion: typeof SCHEMA_VERSION;
  synthetic: true;
  seed: number;
  listings: number;
}

/** The second line: the category tree that nodes are drawn from. */
export interface TruthTree extends TruthNodes {
  kind: 'tree';
}

/** A photo as it really is; orphans and images that are not in the table or not on disk too. */
export interface TruthPhoto {
  imageId: string;
  path: string;
  /** Equal for photos of the very same picture: the image id of the first of them. */
  picture: string;
  /** Equal for one shot in several colours. */
  family: string;
  color?: ColorName;
  state: FileState;
}

/** One line a product. */
export interface TruthProduct {
  kind: 'product';
  trait: Trait;
  productType: ProductType;
  listings: {
    itemId: string;
    shard: string;
    /** 1-based. */
    line: number;
    /** What its row says, when it says anything. */
    productType: ProductType;
    color: ColorName;
  }[];
  photos: TruthPhoto[];
  boilerplate: BoilerplateName[];
}

/** One line a boilerplate photo that any listing names. */
export interface TruthBoilerplate extends TruthPhoto {
  kind: 'boilerplate';
  name: BoilerplateName;
  /** Rows that name it. */
  listings: number;
}

/** The last line: what the accounts of parse, explode and join must come to. */
export interface TruthTotals {
  kind: 'totals';
  products: number;
  listings: number;
  identicalRows: number;
  listingsWithoutImage: number;
  /** (image, listing) pairs, identical rows counted once. */
  views: number;
  /** Views of images that the table does not know, and of images that are not on disk. */
  viewsUnknown: number;
  viewsMissing: number;
  tableRows: number;
  orphans: number;
  damaged: { cut: number; empty: number; text: number };
  /** Distinct pictures that can be decoded and that a listing names. */
  pictures: number;
}

export type TruthLine = TruthHeader | TruthTree | TruthProduct | TruthBoilerplate | TruthTotals;

export function truthHeader(seed: number, listings: number): TruthHeader {
  return { kind: 'header', schemaVersion: SCHEMA_VERSION, synthetic: true, seed, listings };
}

export function truthPhoto({ imageId, path, picture, family, scene, state }: PhotoPlan): TruthPhoto {
  const color = scene.kind === 'product' ? { color: scene.color } : {};
  return { imageId, path, picture, family, ...color, state };
}

/** @param place where a listing of this index stands. */
export function truthProduct(
  { trait, type, listings, photos, boilerplate }: ProductPlan,
  place: (index: number) => { shard: string; line: number },
): TruthProduct {
  return {
    kind: 'product',
    trait,
    productType: type,
    listings: listings.map(({ itemId, index, type: said, color }) => ({
      itemId,
      ...place(index),
      productType: said,
      color,
    })),
    photos: photos.map(truthPhoto),
    boilerplate: [...boilerplate],
  };
}

export function emptyTotals(): TruthTotals {
  return {
    kind: 'totals',
    products: 0,
    listings: 0,
    identicalRows: 0,
    listingsWithoutImage: 0,
    views: 0,
    viewsUnknown: 0,
    viewsMissing: 0,
    tableRows: 0,
    orphans: 0,
    damaged: { cut: 0, empty: 0, text: 0 },
    pictures: 0,
  };
}

/** Adds one product to the totals; boilerplate photos themselves are added by `addBoilerplate`. */
export function addProduct(totals: TruthTotals, { listings, photos }: ProductPlan): void {
  const states = new Map(photos.map(({ imageId, state }) => [imageId, state]));
  const named = new Set<string>();
  totals.products += 1;
  for (const { index, rowOf, mainImageId, otherImageIds } of listings) {
    totals.listings += 1;
    if (rowOf !== index) {
      totals.identicalRows += 1;
      continue;
    }
    const images = new Set([...(mainImageId === undefined ? [] : [mainImageId]), ...otherImageIds]);
    if (images.size === 0) totals.listingsWithoutImage += 1;
    totals.views += images.size;
    for (const image of images) {
      named.add(image);
      if (states.get(image) === 'unlisted') totals.viewsUnknown += 1;
      if (states.get(image) === 'missing') totals.viewsMissing += 1;
    }
  }
  const pictures = new Set<string>();
  for (const { imageId, picture, state } of photos) {
    if (state !== 'unlisted') totals.tableRows += 1;
    if (!named.has(imageId)) totals.orphans += 1;
    else if (state === 'whole') pictures.add(picture);
    if (state === 'cut' || state === 'empty' || state === 'text') totals.damaged[state] += 1;
  }
  totals.pictures += pictures.size;
}

export function addBoilerplate(totals: TruthTotals): void {
  totals.tableRows += 1;
  totals.pictures += 1;
}

/** Whether a dump was drawn by `pipeline synth`, and to its end. */
export async function isSyntheticDump(root: string): Promise<boolean> {
  const found = await stat(join(root, TRUTH)).catch(() => undefined);
  if (!found?.isFile()) return false;
  try {
    for await (const line of readTruth(root)) return line.kind === 'header' && line.synthetic;
  } catch {
    // A file of that name that is something else.
  }
  return false;
}

/**
 * What is true of a synthetic dump, line by line; a dump of ABO's shape has lines of other kinds.
 * @throws {PipelineError} `INPUT_INVALID` when the file is not there or is no truth file.
 */
export async function* readTruth<Line = TruthLine>(root: string): AsyncGenerator<Line> {
  const bytes = createReadStream(join(root, TRUTH));
  const text = bytes.pipe(createGunzip());
  bytes.on('error', (error) => text.destroy(error));
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield JSON.parse(line) as Line;
    }
  } catch (error) {
    throw new PipelineError('INPUT_INVALID', `Expected a truth file at ${join(root, TRUTH)}`, {
      hint: 'Only dumps drawn by `pipeline synth` have one.',
      cause: error,
    });
  } finally {
    bytes.destroy();
    text.destroy();
  }
}
