/** The side of the grey grid that the hash is taken from. */
export const HASH_GRID = 32;
/** The side of the block of low frequencies that is kept. */
const KEPT = 8;

/** What lies as far from the middle counts alike for even frequencies, and with the other sign for odd ones. */
const HALF = HASH_GRID / 2;

/** The first half of the DCT-II basis over the grid for the lowest frequencies. */
const BASIS = Array.from({ length: KEPT }, (_, frequency) =>
  Float64Array.from({ length: HALF }, (_, at) => Math.cos((Math.PI * (at + 0.5) * frequency) / HASH_GRID)),
);

/**
 * The 64-bit perceptual hash of Zauner (2010, pHash): the 8 × 8 lowest frequencies of the DCT of the grey photo, each
 * one bit, set where it lies above their median.
 * @param rgb 32 × 32 × 3 mean colours.
 * @returns 16 hex digits.
 */
export function perceptualHash(rgb: Uint8Array): string {
  for (let pixel = 0; pixel < grey.length; pixel++) grey[pixel] = luma(rgb, pixel);
  for (let y = 0; y < HASH_GRID; y++) transform(grey, y * HASH_GRID, rows, y, HASH_GRID);
  for (let horizontal = 0; horizontal < KEPT; horizontal++) {
    transform(rows, horizontal * HASH_GRID, coefficients, horizontal, KEPT);
  }
  const sorted = coefficients.slice().sort();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = '';
  for (let bit = 0; bit < 64; bit += 4) {
    let nibble = 0;
    for (let at = bit; at < bit + 4; at++) nibble = 2 * nibble + (coefficients[at]! > median ? 1 : 0);
    hash += nibble.toString(16);
  }
  return hash;
}

/** One photo's at a time: memory of its own would cost more than the hash. */
const grey = new Float64Array(HASH_GRID * HASH_GRID);
const rows = new Float64Array(KEPT * HASH_GRID);
const coefficients = new Float64Array(KEPT * KEPT);
const sums = new Float64Array(HALF);
const differences = new Float64Array(HALF);

/** The lowest frequencies of the 32 values at `from`, written to `target` from `to` on, `step` apart. */
function transform(source: Float64Array, from: number, target: Float64Array, to: number, step: number): void {
  for (let at = 0; at < HALF; at++) {
    const [near, far] = [source[from + at]!, source[from + HASH_GRID - 1 - at]!];
    sums[at] = near + far;
    differences[at] = near - far;
  }
  for (let frequency = 0; frequency < KEPT; frequency++) {
    const basis = BASIS[frequency]!;
    const values = frequency % 2 === 0 ? sums : differences;
    let sum = 0;
    for (let at = 0; at < HALF; at++) sum += basis[at]! * values[at]!;
    target[to + frequency * step] = sum;
  }
}

/** Luma of ITU-R BT.601, as JPEG's own. */
export function luma(rgb: Uint8Array, pixel: number): number {
  return 0.299 * rgb[3 * pixel]! + 0.587 * rgb[3 * pixel + 1]! + 0.114 * rgb[3 * pixel + 2]!;
}
