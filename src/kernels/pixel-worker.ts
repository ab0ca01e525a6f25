import { hash } from 'node:crypto';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type Augmenter, augmenter } from '../augment/augmenter.js';
import { storedAugmentation } from '../augment/stored.js';
import { asPipelineError } from '../errors.js';
import { readPhotoFile } from '../photo-file.js';
import { contourHash, haveSameShape } from './contours.js';
import { innerGrids, isCutOut } from './cut-out.js';
import { type Decoder, decode, IMAGE_REASONS } from './decode.js';
import { fitPhoto } from './fit.js';
import { jpegEncoder } from './jpeg-storage.js';
import { LANDMARK_SIDE, landmarks } from './landmarks.js';
import { FINE_GRID, isSamePicture } from './likeness.js';
import { HASH_GRID, luma, perceptualHash } from './perceptual-hash.js';
import type {
  FilePair,
  Fingerprint,
  ImageFault,
  PhotoSource,
  PixelJob,
  PixelResult,
  ResizedPhoto,
  ResizeJob,
} from './pixel-pool.js';
import { pixelKernels, type Size } from './resize.js';

const kernels = pixelKernels();

/** The means of all pixels in each cell: what is compared must not depend on how large a photo is. */
const HASHED = { width: HASH_GRID, height: HASH_GRID };
const GRID_BYTES = 3 * HASH_GRID * HASH_GRID;
const COMPARED = { width: FINE_GRID, height: FINE_GRID };

/** One job of a pixel thread: some files, each with its photo or its fault; pixels are handed over, not copied. */
export default async function work(job: PixelJob): Promise<unknown> {
  if (job.kind === 'compare') return compare(job);
  const results: PixelResult<ResizedPhoto | Fingerprint>[] = [];
  const memory = new Set<ArrayBuffer>();
  const look = job.kind === 'resize' ? resizer(job) : fingerprinter(job);
  for (const [at, file] of job.files.entries()) {
    try {
      const value: ResizedPhoto | Fingerprint = await look(file, at);
      const parts = 'grid' in value ? [value.grid] : value.pixels;
      for (const part of parts) if (part !== undefined) memory.add(part.buffer as ArrayBuffer);
      results.push({ value });
    } catch (error) {
      results.push({ fault: faultOf(error) });
    }
  }
  return move({ [transferableSymbol]: [...memory], [valueSymbol]: results } as never);
}

/**
 * Makes a photo's targets. Of those that differ only in view and storage the photo is fitted once, if they follow each
 * other. What is not handed out is written over by the next photo: encoders have memory of their own, and so do the
 * pixels that they take.
 */
function resizer({
  targets,
  wanted,
  memory,
}: ResizeJob): (file: PhotoSource, at: number) => Promise<ResizedPhoto> {
  const all = [...targets.keys()];
  const ways = targets.map(({ view: _, storage, ...fitted }) => ({
    fitted: JSON.stringify(fitted),
    encode: storage === 'jpeg' ? jpegEncoder(fitted) : undefined,
  }));
  const scratches = new Map<string, Uint8Array>();
  const scratch = (name: string, bytes: number) => {
    const found = scratches.get(name) ?? new Uint8Array(bytes);
    scratches.set(name, found);
    return found;
  };
  return async (file, at) => {
    const bytes = bytesOf(file);
    const sha256 = hash('sha256', bytes);
    let decoded: (Size & { decoder: Decoder }) | undefined;
    let photo: { fitted: string; pixels: Uint8Array; toAugment?: Augmenter } | undefined;
    const pixels: (Uint8Array | undefined)[] = targets.map(() => undefined);
    for (const index of wanted?.[at] ?? all) {
      const target = targets[index]!;
      const { fitted, encode } = ways[index]!;
      const { decoder, view } = target;
      const length = target.height * target.width * 3;
      if (decoded?.decoder !== decoder) decoded = { ...(await decode(bytes, decoder, kernels)), decoder };
      const spare = memory?.[index]?.pop();
      const own = () => (spare === undefined ? new Uint8Array(length) : new Uint8Array(spare));
      let made: Uint8Array;
      if (view === undefined) {
        made = fitPhoto(kernels, decoded, target, encode ? scratch(fitted, length) : own());
        photo = { fitted, pixels: made };
      } else {
        if (photo?.fitted !== fitted) {
          photo = { fitted, pixels: fitPhoto(kernels, decoded, target, scratch(fitted, length)) };
        }
        photo.toAugment ??= loadedAugmenter(target, photo.pixels);
        made = encode ? scratch(`view ${length}`, length) : own();
        photo.toAugment.augment(storedAugmentation(view, sha256), made);
      }
      pixels[index] = encode?.(made) ?? made;
    }
    const { width, height } = decoded!;
    return { sha256, width, height, pixels };
  };
}

function bytesOf(photo: PhotoSource): Buffer {
  if (typeof photo === 'string') return readPhotoFile(photo);
  return Buffer.from(photo.buffer, photo.byteOffset, photo.byteLength);
}

/** By the size of what goes in and comes out. */
const augmenters = new Map<string, Augmenter>();

function loadedAugmenter({ width, height }: Size, pixels: Uint8Array): Augmenter {
  const name = `${width}x${height}`;
  const kernel = augmenters.get(name) ?? augmenter({ source: { width, height }, target: { width, height } });
  augmenters.set(name, kernel);
  kernel.source.set(pixels);
  return kernel;
}

/** The job's grids lie in one piece of memory: each in its own would cost as much to hand over as to make. */
function fingerprinter({
  files,
  decoder,
  traits,
}: PixelJob & { kind: 'fingerprint' }): (file: PhotoSource, at: number) => Promise<Fingerprint> {
  const grids = new Uint8Array(files.length * GRID_BYTES);
  return async (file, at) => {
    const bytes = bytesOf(file);
    const size = await decode(bytes, decoder, kernels);
    const own = grids.subarray(at * GRID_BYTES, (at + 1) * GRID_BYTES);
    const grid = kernels.area(size, HASHED, undefined, own);
    return {
      sha256: hash('sha256', bytes),
      ...size,
      picture: `${size.width}x${size.height}-${Buffer.from(kernels.checksum(size)).toString('base64')}`,
      hash: perceptualHash(grid),
      grid,
      ...(traits.includes('contours') && { contours: contourHash(grid) }),
      ...(traits.includes('landmarks') && { landmarks: landmarksOf(size) }),
    };
  };
}

/** Of the photo in the room, at the size that landmarks are looked for in. */
function landmarksOf(size: Size): NonNullable<Fingerprint['landmarks']> {
  const scale = LANDMARK_SIDE / Math.max(size.width, size.height);
  const [width, height] = [size.width, size.height].map((side) => Math.max(2, Math.round(scale * side)));
  const frame = { width: width!, height: height! };
  const rgb = kernels.area(size, frame);
  const values = Float32Array.from({ length: rgb.length / 3 }, (_, pixel) => luma(rgb, pixel));
  return { ...frame, marks: landmarks({ values, ...frame }) };
}

/** What each pair of photos is asked. A photo that cannot be read any more is like no other. */
async function compare({ pairs, decoder }: PixelJob & { kind: 'compare' }): Promise<boolean[]> {
  const grids = new Map<string, Uint8Array | undefined>();
  const cached = async (file: string) => {
    if (grids.has(file)) return grids.get(file);
    const grid = await photoIn(file, decoder)
      .then((size) => kernels.area(size, COMPARED))
      .catch(() => undefined);
    grids.set(file, grid);
    return grid;
  };
  const answers: boolean[] = [];
  for (const pair of pairs) {
    if (pair.as === 'cut-out') {
      answers.push(await cutOut(pair, decoder).catch(() => false));
      continue;
    }
    const left = await cached(pair.a);
    const right = await cached(pair.b);
    const alike = pair.as === 'picture' ? isSamePicture : haveSameShape;
    answers.push(left !== undefined && right !== undefined && alike(left, right));
  }
  return answers;
}

async function cutOut({ a, b, part }: FilePair & { as: 'cut-out' }, decoder: Decoder): Promise<boolean> {
  const inner = innerGrids(kernels, await photoIn(a, decoder));
  return isCutOut(kernels, await photoIn(b, decoder), inner, part);
}

/** Decodes a file's photo into the room. */
async function photoIn(file: string, decoder: Decoder): Promise<Size> {
  return decode(readPhotoFile(file), decoder, kernels);
}

function faultOf(error: unknown): ImageFault {
  const { code, message } = asPipelineError(error);
  return { code, reason: IMAGE_REASONS[code] ?? 'image-unreadable', message };
}
