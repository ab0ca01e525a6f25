/** The side of the grey grid that the hash is taken from. */
export const HASH_GRID = 32;
/** The side of the block of low frequencies that is kept. */
const KEPT = 8;

/** One hash's at a time: memory of its own would cost more than the hash. */
interface Workspace {
  /** The first half of the DCT-II basis over the grid for the lowest frequencies. */
  basis: Float64Array[];
  rows: Float64Array;
  sums: Float64Array;
  differences: Float64Array;
}

const workspaces = new Map<number, Workspace>();
const grey = new Float64Array(HASH_GRID * HASH_GRID);
const coefficients = new Float64Array(KEPT * KEPT);

/**
 * The 64-bit perceptual hash of Zauner (2010, pHash) of a photo in grey.
 * @param rgb 32 × 32 × 3 mean colours.
 * @returns 16 hex digits.
 */
export function perceptualHash(rgb: Uint8Array): string {
  for (let pixel = 0; pixel < grey.length; pixel++) grey[pixel] = luma(rgb, pixel);
  return frequencyHash(grey, HASH_GRID);
}

/**
 * The 8 × 8 lowest frequencies of a grid's DCT, each one bit, set where it lies above their median.
 * @param grid side × side values; the side is even and at least 8.
 * @returns 16 hex digits.
 */
export function frequencyHash(grid: Float64Array, side: number): string {
  const workspace = workspaceOf(side);
  const { rows } = workspace;
  for (let y = 0; y < side; y++) transform(workspace, grid, y * side, rows, y, side);
  for (let horizontal = 0; horizontal < KEPT; horizontal++) {
    transform(workspace, rows, horizontal * side, coefficients, horizontal, KEPT);
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

function workspaceOf(side: number): Workspace {
  const found = workspaces.get(side);
  if (found !== undefined) return found;
  const half = side / 2;
  const made = {
    basis: Array.from({ length: KEPT }, (_, frequency) =>
      Float64Array.from({ length: half }, (_, at) => Math.cos((Math.PI * (at + 0.5) * frequency) / side)),
    ),
    rows: new Float64Array(KEPT * side),
    sums: new Float64Array(half),
    differences: new Float64Array(half),
  };
  workspaces.set(side, made);
  return made;
}

/**
 * The lowest frequencies of a line of values from `from` on, written to `target` from `to` on, `step` apart. What lies as
 * far from the middle counts alike for even frequencies, and with the other sign for odd ones.
 */
function transform(
  { basis, sums, differences }: Workspace,
  source: Float64Array,
  from: number,
  target: Float64Array,
  to: number,
  step: number,
): void {
  const half = sums.length;
  for (let at = 0; at < half; at++) {
    const near = source[from + at]!;
    const far = source[from + 2 * half - 1 - at]!;
    sums[at] = near + far;
    differences[at] = near - far;
  }
  for (let frequency = 0; frequency < KEPT; frequency++) {
    const wave = basis[frequency]!;
    const values = frequency % 2 === 0 ? sums : differences;
    let sum = 0;
    for (let at = 0; at < half; at++) sum += wave[at]! * values[at]!;
    target[to + frequency * step] = sum;
  }
}

/** Luma of ITU-R BT.601, as JPEG's own. */
export function luma(rgb: Uint8Array, pixel: number): number {
  return 0.299 * rgb[3 * pixel]! + 0.587 * rgb[3 * pixel + 1]! + 0.114 * rgb[3 * pixel + 2]!;
}
