/** The side of the grey grid that the hash is taken from. */
export const HASH_GRID = 32;
/** The side of the block of low frequencies that is kept. */
const KEPT = 8;

/** DCT-II basis over the grid for the lowest frequencies. */
const BASIS = Array.from({ length: KEPT }, (_, frequency) =>
  Float64Array.from({ length: HASH_GRID }, (_, at) =>
    Math.cos((Math.PI * (at + 0.5) * frequency) / HASH_GRID),
  ),
);

/**
 * The 64-bit perceptual hash of Zauner (2010, pHash): the 8 × 8 lowest frequencies of the DCT of the grey photo, each
 * one bit, set where it lies above their median.
 * @param rgb 32 × 32 × 3 mean colours.
 * @returns 16 hex digits.
 */
export function perceptualHash(rgb: Uint8Array): string {
  const grey = Float64Array.from({ length: HASH_GRID * HASH_GRID }, (_, pixel) => luma(rgb, pixel));
  const rows = BASIS.map((basis) =>
    Float64Array.from({ length: HASH_GRID }, (_, y) => {
      let sum = 0;
      for (let x = 0; x < HASH_GRID; x++) sum += basis[x]! * grey[y * HASH_GRID + x]!;
      return sum;
    }),
  );
  const coefficients = BASIS.flatMap((basis) =>
    rows.map((row) => {
      let sum = 0;
      for (let y = 0; y < HASH_GRID; y++) sum += basis[y]! * row[y]!;
      return sum;
    }),
  );
  const sorted = [...coefficients].sort((a, b) => a - b);
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = '';
  for (let bit = 0; bit < 64; bit += 4) {
    const nibble = [0, 1, 2, 3].reduce(
      (sum, offset) => 2 * sum + (coefficients[bit + offset]! > median ? 1 : 0),
      0,
    );
    hash += nibble.toString(16);
  }
  return hash;
}

/** Luma of ITU-R BT.601, as JPEG's own. */
export function luma(rgb: Uint8Array, pixel: number): number {
  return 0.299 * rgb[3 * pixel]! + 0.587 * rgb[3 * pixel + 1]! + 0.114 * rgb[3 * pixel + 2]!;
}
