import { readFileSync } from 'node:fs';
import type { Size } from '../kernels/resize.js';
import { channelsOf, type Normalisation } from '../normalisation.js';
import { pixelsOf } from './box.js';
import { isIdentity, type Matrix, matrixOf } from './matrix.js';
import type { Augmentation } from './parameters.js';

interface Exports {
  warp(
    source: number,
    width: number,
    height: number,
    target: number,
    columns: number,
    rows: number,
    a0: number,
    a1: number,
    a2: number,
    b0: number,
    b1: number,
    b2: number,
    channels: number,
  ): void;
  normalise(source: number, pixels: number, target: number, channels: number): void;
  channelMeans(at: number, pixels: number, brightness: number, means: number): void;
  recolour(
    at: number,
    pixels: number,
    brightness: number,
    contrast: number,
    means: number,
    hue: number,
    channels: number,
  ): void;
  erase(
    target: number,
    columns: number,
    left: number,
    top: number,
    width: number,
    height: number,
    level: number,
    channels: number,
  ): void;
  roundToBytes(at: number, numbers: number): void;
}

const PAGE = 65_536;
/** AssemblyScript's own data lies below. */
const BASE = PAGE;
/** 4 × f32 scales, 4 × f32 shifts, 16 bytes of taps. */
const CHANNELS_BYTES = 48;
/** What the kernel reads past a photo's last row, and writes past a view: see kernels/assembly/augment/warp.ts. */
const PAST_THE_PHOTO = 16;
const PAST_THE_VIEW = 64;
/** A photo's row in bytes is a 16-bit number in the kernel. */
export const MOST_PIXELS_A_SIDE = 8192;
/** A byte that takes nothing. */
const NOTHING = 255;

/** Raised whenever the kernel’s results change: part of the identity of what keeps views. */
export const AUGMENT_VERSION = 'affine-1';

export interface AugmenterOptions {
  /** The photos that come in. */
  source: Size;
  /** The views that go out; another size is resized within the warp. */
  target: Size;
  /** Absent: levels 0..255. */
  normalise?: Normalisation;
}

/** Makes views of photos of one size, in one thread, in memory of its own that never grows. */
export interface Augmenter {
  /** Where the photo goes before `augment` is called: height × width × 3 RGB bytes. */
  readonly source: Uint8Array;
  /**
   * Makes one view of the photo in `source`, which stays as it is, and copies it to `target` from `offset` (in numbers)
   * on: height × width × 3 of the target's size, row-major; bytes are levels, half up.
   * @throws {RangeError} where bytes are asked of an augmenter that normalises.
   */
  augment(view: Augmentation, target: Float32Array | Uint8Array, offset?: number): void;
}

/** @throws {RangeError} for sides that are not 1 to 8192 pixels, and for a normalisation that is none. */
export function augmenter({ source, target, normalise }: AugmenterOptions): Augmenter {
  for (const side of [source.width, source.height, target.width, target.height]) {
    if (Number.isInteger(side) && side >= 1 && side <= MOST_PIXELS_A_SIDE) continue;
    throw new RangeError(`Expected 1 to ${MOST_PIXELS_A_SIDE} pixels a side but received ${side}`);
  }
  const align = (at: number) => Math.ceil(at / 16) * 16;
  const plain = BASE;
  const channels = plain + CHANNELS_BYTES;
  const means = channels + CHANNELS_BYTES;
  const photo = means + 16;
  const photoBytes = source.width * source.height * 3;
  const out = align(photo + photoBytes + source.width * 3 + PAST_THE_PHOTO);
  const pixels = target.width * target.height;
  const numbers = 3 * pixels;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((out + 4 * numbers + PAST_THE_VIEW) / PAGE) });
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory, abort: () => undefined } });
  const kernels = instance.exports as unknown as Exports;
  writeChannels(memory, plain);
  writeChannels(memory, channels, normalise);
  const floats = new Float32Array(memory.buffer, out, numbers);
  const bytes = new Uint8Array(memory.buffer, out, numbers);

  function place(matrix: Matrix, as: number): void {
    const { width, height } = source;
    if (width === target.width && height === target.height && isIdentity(matrix)) {
      kernels.normalise(photo, pixels, out, as);
    } else kernels.warp(photo, width, height, out, target.width, target.height, ...matrix, as);
  }

  function recolour({ brightness, contrast, hue }: Augmentation): void {
    if (contrast !== 1) kernels.channelMeans(out, pixels, brightness, means);
    kernels.recolour(out, pixels, brightness, contrast, means, hue, channels);
  }

  function erase(cutout: NonNullable<Augmentation['cutout']>): void {
    const { left, top, width, height } = pixelsOf(cutout, target);
    kernels.erase(out, target.width, left, top, width, height, cutout.level, channels);
  }

  return {
    source: new Uint8Array(memory.buffer, photo, photoBytes),
    augment(view, result, offset = 0) {
      const asBytes = result instanceof Uint8Array;
      if (asBytes && normalise !== undefined) {
        throw new RangeError(`Expected float32 for ${normalise} but received uint8`);
      }
      const coloured = view.brightness !== 0 || view.contrast !== 1 || view.hue !== 0;
      place(matrixOf(view, source, target), coloured ? plain : channels);
      if (coloured) recolour(view);
      if (view.cutout !== undefined) erase(view.cutout);
      if (asBytes) kernels.roundToBytes(out, numbers);
      result.set(asBytes ? bytes : floats, offset);
    },
  };
}

/** Compiled once a thread. */
let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('../kernels/augment.wasm', import.meta.url)));
  return compiled;
}

function writeChannels(memory: WebAssembly.Memory, at: number, normalise?: Normalisation): void {
  const numbers = new Float32Array(memory.buffer, at, 8);
  const taps = new Uint8Array(memory.buffer, at + 32, 16).fill(NOTHING);
  for (const [index, { from, scale, shift }] of channelsOf(normalise).entries()) {
    numbers[index] = scale;
    numbers[4 + index] = shift;
    // Two pixels lie side by side: their channels as pairs of 16-bit numbers.
    taps[4 * index] = from;
    taps[4 * index + 2] = from + 3;
  }
}
