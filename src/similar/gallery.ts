import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Origin } from '../attribution.js';
import { PipelineError } from '../errors.js';
import { isFolder } from '../folder.js';
import { type ByteVectors, byteVectors, toBytes } from '../kernels/similarity.js';
import { SIDES, type Side } from '../records.js';
import { npyHeader } from '../sinks/numpy.js';
import {
  DTYPE,
  descriptionSchema,
  FILES,
  GALLERY,
  type GalleryDescription,
  type GalleryPhoto,
  type GalleryRow,
} from './format.js';
import { type Near, nearestOf } from './nearest.js';

export interface SearchOptions {
  /** At most so many; default: 10. */
  count?: number;
  /** Whose photos are left out: those that show the same item or family. */
  withoutComponent?: string | undefined;
  /** Which photos may be found; default: all. */
  where?(index: number): boolean;
}

/** The photos that a model was made from, searched by their embeddings. */
export interface Gallery {
  readonly folder: string;
  /** The model whose embeddings it is searched by: the name of its folder in RUN/model. */
  readonly model: string;
  /** The tasks whose models give the very same embeddings. */
  readonly tasks: readonly string[];
  /** Whose the photos are; undefined where that is not known. */
  readonly origin: Origin | undefined;
  /** Photos; each has an index from 0. */
  readonly length: number;
  /** Numbers in an embedding. */
  readonly width: number;
  photo(index: number): GalleryPhoto;
  component(index: number): string;
  side(index: number): Side;
  /** The photo of an image id, or of a file by the sha256 of its bytes (hex), if it is here. */
  find(name: string): number | undefined;
  /** A photo's embedding, [width], of length 1. */
  embedding(index: number): Float32Array;
  /**
   * The photos nearest by the cosine of the embeddings' angle, −1..1, the nearest first; of equally near ones the first.
   * Every photo is looked at; embeddings are compared as signed bytes.
   * @param embedding [width]; its length counts for nothing.
   * @throws {RangeError} for one of another width.
   */
  nearest(embedding: ArrayLike<number>, options?: SearchOptions): Near[];
  /** A small JPEG of a photo; undefined where it could not be read when the gallery was written. */
  thumbnail(index: number): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a gallery.
 * @param folder its own, its model's, RUN/model, or a run's.
 * @throws {PipelineError} `NOT_FOUND` where there is none, `USAGE` where there are several, `MODEL_INVALID` where it is not
 * of this version or its files are not of one gallery.
 */
export async function openGallery(folder: string): Promise<Gallery> {
  const own = await galleryIn(folder);
  const { model, tasks, photos: length, width, origin } = await readDescription(own);
  const lines = await readLines(own, length);
  const vectors = await readVectors(own, length, width);
  const thumbnails = await opened(own, FILES.thumbnails);
  const rowOf = (index: number) => JSON.parse(lines[index]!) as GalleryRow;
  const { components, sides } = columnsOf(length, rowOf);
  let names: Map<string, number> | undefined;
  return {
    folder: own,
    model,
    tasks,
    origin,
    length,
    width,
    photo(index) {
      const { thumbnail: _, ...photo } = rowOf(index);
      return photo;
    },
    component: (index) => components.names[components.of[index]!]!,
    side: (index) => SIDES[sides[index]!]!,
    find(name) {
      names ??= namesOf(length, rowOf);
      return names.get(name);
    },
    embedding: (index) => unit(vectors.rows.subarray(index * vectors.stride, index * vectors.stride + width)),
    nearest(embedding, { count = 10, withoutComponent, where = () => true } = {}) {
      if (embedding.length !== width) {
        throw new RangeError(`Expected an embedding of ${width} numbers but received ${embedding.length}`);
      }
      const without = withoutComponent === undefined ? -1 : components.names.indexOf(withoutComponent);
      const accepted = (index: number) => components.of[index] !== without && where(index);
      return nearestOf(vectors.cosines(toBytes(embedding)), { count, accepted });
    },
    async thumbnail(index) {
      const place = rowOf(index).thumbnail;
      if (place === undefined) return undefined;
      const [offset, bytes] = place;
      const jpeg = Buffer.alloc(bytes);
      const { bytesRead } = await thumbnails.read(jpeg, 0, bytes, offset);
      if (bytesRead < bytes) throw notOne(own, FILES.thumbnails);
      return jpeg;
    },
    close: () => thumbnails.close(),
  };
}

/**
 * Opens a gallery where there is one: a recipe that says `gallery: false` makes models without.
 * @throws {PipelineError} as `openGallery`, but not `NOT_FOUND`.
 */
export async function openGalleryIfAny(folder: string): Promise<Gallery | undefined> {
  return openGallery(folder).catch((error: unknown) => {
    if (error instanceof PipelineError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
}

/** Whether a model's folder has a gallery of its own. */
export function hasGallery(model: string): boolean {
  return isGallery(join(model, GALLERY));
}

function isGallery(path: string): boolean {
  return existsSync(join(path, FILES.description));
}

async function galleryIn(folder: string): Promise<string> {
  const within = async (path: string) =>
    isFolder(path) ? (await readdir(path)).sort().map((name) => join(path, name, GALLERY)) : [];
  const found = [
    folder,
    join(folder, GALLERY),
    ...(await within(folder)),
    ...(await within(join(folder, 'model'))),
  ].filter(isGallery);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new PipelineError('NOT_FOUND', 'Expected a gallery of a model’s photos but there is none', {
      key: folder,
      hint: 'Name a run or its RUN/model. `pipeline run` writes one, also when called again for a finished run, unless its recipe says gallery: false.',
    });
  }
  throw new PipelineError('USAGE', `Expected one gallery but found ${found.length}`, {
    key: folder,
    hint: `Name the model’s folder: ${found.join(' or ')}. \`pipeline clean\` removes models that no step uses any more.`,
  });
}

async function readDescription(folder: string): Promise<GalleryDescription> {
  try {
    return descriptionSchema.parse(JSON.parse(await readFile(join(folder, FILES.description), 'utf8')));
  } catch (cause) {
    throw notOne(folder, FILES.description, cause);
  }
}

async function readLines(folder: string, length: number): Promise<string[]> {
  const text = await readFile(join(folder, FILES.photos), 'utf8').catch((cause: unknown) => {
    throw notOne(folder, FILES.photos, cause);
  });
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length !== length) throw notOne(folder, FILES.photos);
  return lines;
}

/** Rows that are read at a time. */
const ROWS = 4096;

async function readVectors(folder: string, length: number, width: number): Promise<ByteVectors> {
  const file = await opened(folder, FILES.embeddings);
  try {
    const header = npyHeader(DTYPE, [length, width]);
    const { size } = await file.stat();
    const found = Buffer.alloc(header.length);
    await file.read(found, 0, header.length, 0);
    if (!found.equals(header) || size !== header.length + length * width)
      throw notOne(folder, FILES.embeddings);
    const vectors = byteVectors(length, width);
    const some = new Int8Array(Math.min(length, ROWS) * width);
    for (let row = 0; row < length; row += ROWS) {
      const rows = Math.min(ROWS, length - row);
      await file.read(some, 0, rows * width, header.length + row * width);
      for (let at = 0; at < rows; at++) {
        vectors.rows.set(some.subarray(at * width, (at + 1) * width), (row + at) * vectors.stride);
      }
    }
    vectors.measure();
    return vectors;
  } finally {
    await file.close();
  }
}

/** What searches ask of every photo. */
function columnsOf(length: number, rowOf: (index: number) => GalleryRow) {
  const sides = new Uint8Array(length);
  const of = new Int32Array(length);
  const numbers = new Map<string, number>();
  for (let index = 0; index < length; index++) {
    const { component, split } = rowOf(index);
    sides[index] = SIDES.indexOf(split);
    const number = numbers.get(component) ?? numbers.size;
    numbers.set(component, number);
    of[index] = number;
  }
  return { sides, components: { of, names: [...numbers.keys()] } };
}

function namesOf(length: number, rowOf: (index: number) => GalleryRow): Map<string, number> {
  const names = new Map<string, number>();
  for (let index = 0; index < length; index++) {
    const { imageId, sha256, images = [] } = rowOf(index);
    for (const name of [imageId, sha256, ...images]) if (!names.has(name)) names.set(name, index);
  }
  return names;
}

function unit(bytes: Int8Array): Float32Array {
  const length = Math.hypot(...bytes) || 1;
  return Float32Array.from(bytes, (value) => value / length);
}

async function opened(folder: string, name: string): Promise<FileHandle> {
  return open(join(folder, name)).catch((cause: unknown) => {
    throw notOne(folder, name, cause);
  });
}

function notOne(folder: string, name: string, cause?: unknown): PipelineError {
  return new PipelineError('MODEL_INVALID', `Expected ${name} of a gallery of this version`, {
    key: folder,
    hint: 'Remove the gallery’s folder and run the same command as before again: it writes it anew.',
    cause,
  });
}
