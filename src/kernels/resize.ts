import { readFileSync } from 'node:fs';

interface Exports {
  bilinear(
    source: number,
    sourceWidth: number,
    sourceHeight: number,
    target: number,
    width: number,
    height: number,
    scratch: number,
  ): void;
}

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
/** Bytes a target column: its two neighbours, its weights and a pixel of two cached rows. */
const SCRATCH_PER_COLUMN = 32;
/** Columns are worked on four at a time, and the last store writes so many bytes past the result. */
const COLUMNS_AT_ONCE = 4;
const PAST_THE_END = 16;
/** Raised whenever the kernel's results change: part of a cache's identity. */
export const RESIZE_VERSION = 'bilinear-2';

/** The pixel kernels of one thread, with the memory that photos are decoded into. */
export interface PixelKernels {
  /** Room for a decoded photo, RGBX, width × height × 4 bytes; valid until the next call of `room`. */
  room(width: number, height: number): Buffer;
  /** The photo in the room, stretched to height × width × 3 RGB bytes in memory of its own. */
  bilinear(source: Size, target: Size): Uint8Array;
}

export interface Size {
  width: number;
  height: number;
}

/** Loads the kernels; each thread has its own. */
export function pixelKernels(): PixelKernels {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bytes = readFileSync(new URL('./resize.wasm', import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, abort: () => undefined },
  });
  const kernels = instance.exports as unknown as Exports;
  const reserve = (end: number) => {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  };
  const align = (at: number) => Math.ceil(at / 16) * 16;
  return {
    room(width, height) {
      reserve(BASE + width * height * 4);
      return Buffer.from(memory.buffer, BASE, width * height * 4);
    },
    bilinear(source, { width, height }) {
      const target = align(BASE + source.width * source.height * 4);
      const scratch = align(target + width * height * 3 + PAST_THE_END);
      reserve(scratch + (width + COLUMNS_AT_ONCE) * SCRATCH_PER_COLUMN);
      kernels.bilinear(BASE, source.width, source.height, target, width, height, scratch);
      return new Uint8Array(memory.buffer.slice(target, target + width * height * 3));
    },
  };
}
