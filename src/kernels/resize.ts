import { readFileSync } from 'node:fs';

type Kernel = (
  source: number,
  stride: number,
  sourceWidth: number,
  sourceHeight: number,
  target: number,
  width: number,
  height: number,
  scratch: number,
) => void;

/** `bilinear` looks at four source pixels a target pixel; `area` takes the mean of all that it covers. */
export type Filter = 'bilinear' | 'area';

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
/** Bytes a target column: its two neighbours, its weights and a pixel of two cached rows; or its span of the source. */
const SCRATCH_PER_COLUMN = 32;
/** Bytes a source column of the sums that `area` takes. */
const SUMS_PER_COLUMN = 16;
/** Columns are worked on four at a time, and the last store writes so many bytes past the result. */
const COLUMNS_AT_ONCE = 4;
const PAST_THE_END = 16;
const CHECKSUM_BYTES = 64;
/** Raised whenever a kernel's results change: part of a cache's identity. */
export const RESIZE_VERSIONS: Record<Filter, string> = { bilinear: 'bilinear-2', area: 'area-1' };

/** The pixel kernels of one thread, with the memory that photos are decoded into. */
export interface PixelKernels {
  /**
   * Room for a decoded photo, RGBX, width × height × 4 bytes; valid until the next call. What lies in it stays: asking
   * again for the same size gives the photo.
   */
  room(width: number, height: number): Buffer;
  /**
   * The photo in the room, or the part of it that is given, stretched to height × width × 3 RGB bytes: in `into`, which
   * has so many, or in memory of its own. `bilinear` has half-pixel centres and no antialiasing, as tf.image.resize; `area` is the exact mean on an axis
   * that shrinks, and bilinear on one that does not.
   */
  bilinear(source: Size, target: Size, part?: Rectangle, into?: Uint8Array): Uint8Array;
  area(source: Size, target: Size, part?: Rectangle, into?: Uint8Array): Uint8Array;
  /** 64 bytes that differ where the pixels of the photo in the room do, as good as always; no defence against forgery. */
  checksum(source: Size): Uint8Array;
}

export interface Size {
  width: number;
  height: number;
}

/** Whole pixels. */
export interface Rectangle extends Size {
  left: number;
  top: number;
}

/** Loads the kernels; each thread has its own. */
export function pixelKernels(): PixelKernels {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bytes = readFileSync(new URL('./resize.wasm', import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, abort: () => undefined },
  });
  const kernels = instance.exports as unknown as Record<Filter, Kernel> & {
    checksum(source: number, words: number, target: number): void;
  };
  const reserve = (end: number) => {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  };
  const align = (at: number) => Math.ceil(at / 16) * 16;
  const resize = (
    filter: Filter,
    source: Size,
    { width, height }: Size,
    part: Rectangle = { left: 0, top: 0, width: source.width, height: source.height },
    into: Uint8Array = new Uint8Array(width * height * 3),
  ) => {
    const stride = source.width * 4;
    const target = align(BASE + source.height * stride);
    const scratch = align(target + width * height * 3 + PAST_THE_END);
    const sums = filter === 'area' ? (part.width + COLUMNS_AT_ONCE) * SUMS_PER_COLUMN : 0;
    reserve(scratch + (width + COLUMNS_AT_ONCE) * SCRATCH_PER_COLUMN + sums);
    const from = BASE + part.top * stride + part.left * 4;
    kernels[filter](from, stride, part.width, part.height, target, width, height, scratch);
    into.set(new Uint8Array(memory.buffer, target, width * height * 3));
    return into;
  };
  return {
    room(width, height) {
      reserve(BASE + width * height * 4);
      return Buffer.from(memory.buffer, BASE, width * height * 4);
    },
    bilinear: (source, target, part, into) => resize('bilinear', source, target, part, into),
    area: (source, target, part, into) => resize('area', source, target, part, into),
    checksum({ width, height }) {
      const target = align(BASE + width * height * 4);
      reserve(target + CHECKSUM_BYTES);
      kernels.checksum(BASE, width * height, target);
      return new Uint8Array(memory.buffer.slice(target, target + CHECKSUM_BYTES));
    },
  };
}
