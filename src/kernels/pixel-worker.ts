import { createHash, hash } from 'node:crypto';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { asPipelineError } from '../errors.js';
import { readPhotoFile } from '../photo-file.js';
import { type Decoder, decode, IMAGE_REASONS } from './decode.js';
import { fitPhoto } from './fit.js';
import { jpegEncoder } from './jpeg-storage.js';
import { COMPARED_SIDE, FINE_GRID, fineDifference, isSamePicture, meanColours } from './likeness.js';
import { HASH_GRID, perceptualHash } from './perceptual-hash.js';
import type {
  Fingerprint,
  ImageFault,
  PixelJob,
  PixelResult,
  ResizedPhoto,
  ResizeJob,
} from './pixel-pool.js';
import { pixelKernels, type Size } from './resize.js';

const kernels = pixelKernels();

const COMPARED = { width: COMPARED_SIDE, height: COMPARED_SIDE };

/** One job of a pixel thread: some files, each with its photo or its fault; pixels are handed over, not copied. */
export default async function work(job: PixelJob): Promise<unknown> {
  if (job.kind === 'compare') return compare(job);
  const results: PixelResult<ResizedPhoto | Fingerprint>[] = [];
  const memory: ArrayBuffer[] = [];
  const look = job.kind === 'resize' ? resizer(job) : (file: string) => fingerprint(file, job);
  for (const file of job.files) {
    try {
      const value: ResizedPhoto | Fingerprint = await look(file);
      const parts = 'grid' in value ? [value.grid] : value.pixels;
      memory.push(...parts.map(({ buffer }) => buffer as ArrayBuffer));
      results.push({ value });
    } catch (error) {
      results.push({ fault: faultOf(error) });
    }
  }
  return move({ [transferableSymbol]: memory, [valueSymbol]: results } as never);
}

/** Encoders have memory of their own, and so do the pixels that they take: one a target, for a whole job. */
function resizer({ targets, memory }: ResizeJob): (file: string) => Promise<ResizedPhoto> {
  const encoders = targets.map((target) => {
    if (target.storage !== 'jpeg') return undefined;
    return { encode: jpegEncoder(target), fitted: new Uint8Array(target.height * target.width * 3) };
  });
  return async (file) => {
    const bytes = readPhotoFile(file);
    let decoded: (Size & { decoder: Decoder }) | undefined;
    const pixels: Uint8Array[] = [];
    for (const [index, target] of targets.entries()) {
      const { decoder } = target;
      if (decoded?.decoder !== decoder) decoded = { ...(await decode(bytes, decoder, kernels)), decoder };
      const encoder = encoders[index];
      const spare = memory?.[index]?.pop();
      const into = encoder?.fitted ?? (spare && new Uint8Array(spare));
      const fitted = fitPhoto(kernels, decoded, target, into);
      pixels.push(encoder?.encode(fitted) ?? fitted);
    }
    const { width, height } = decoded!;
    return { sha256: hash('sha256', bytes), width, height, pixels };
  };
}

async function fingerprint(
  file: string,
  { decoder }: PixelJob & { kind: 'fingerprint' },
): Promise<Fingerprint> {
  const bytes = readPhotoFile(file);
  const size = await decode(bytes, decoder, kernels);
  const pixels = createHash('sha256')
    .update(kernels.bilinear(size, size))
    .update(`${size.width}x${size.height}`);
  const grid = meanColours(kernels.bilinear(size, COMPARED), HASH_GRID);
  return {
    sha256: hash('sha256', bytes),
    ...size,
    picture: pixels.digest('hex'),
    hash: perceptualHash(grid),
    grid,
  };
}

/** Whether each pair of photos is one picture. A photo that cannot be read any more is no other photo. */
async function compare({ pairs, decoder }: PixelJob & { kind: 'compare' }): Promise<boolean[]> {
  const grids = new Map<string, Uint8Array | undefined>();
  const cached = async (file: string) => {
    if (grids.has(file)) return grids.get(file);
    const grid = await fineGridOf(file, decoder).catch(() => undefined);
    grids.set(file, grid);
    return grid;
  };
  const same: boolean[] = [];
  for (const [a, b] of pairs) {
    const left = await cached(a);
    const right = await cached(b);
    same.push(left !== undefined && right !== undefined && isSamePicture(fineDifference(left, right)));
  }
  return same;
}

async function fineGridOf(file: string, decoder: Decoder): Promise<Uint8Array> {
  const size = await decode(readPhotoFile(file), decoder, kernels);
  return meanColours(kernels.bilinear(size, COMPARED), FINE_GRID);
}

function faultOf(error: unknown): ImageFault {
  const { code, message } = asPipelineError(error);
  return { code, reason: IMAGE_REASONS[code] ?? 'image-unreadable', message };
}
