// Pixel inner loops over a memory that the host owns. Source pixels are RGBX (4 bytes), results RGB (3 bytes).
// Between the passes a channel is a 16-bit integer, 128 to a level; weights have 15 bits, so that the result is within
// 0.02 levels of exact arithmetic before it is rounded.

const LEVEL_BITS: i32 = 7;
const HALF: i16 = 64;
const WEIGHT_ONE: f32 = 32768;

/** Four target pixels: offsets of their left neighbours (4 × u32), then their weights (16 × i16). */
const QUAD: usize = 48;
/** Four target pixels of a stretched row: 16 × i16. */
const STRETCHED: usize = 32;

// Two target pixels, each between two neighbours of a source row: one load fetches both neighbours.
// @ts-ignore
@inline
function stretch(first: usize, second: usize, weights: v128): v128 {
  const pairs = v128.load64_lane(second, v128.load64_zero(first), 1);
  const sides = v128.shuffle<i32>(pairs, pairs, 0, 2, 1, 3);
  const from = i16x8.extend_low_i8x16_u(sides);
  const step = i16x8.sub(i16x8.extend_high_i8x16_u(sides), from);
  const moved = i16x8.q15mulr_sat_s(i16x8.shl(step, LEVEL_BITS), weights);
  return i16x8.add(i16x8.shl(from, LEVEL_BITS), moved);
}

// Two target pixels between two stretched rows, in whole levels.
// @ts-ignore
@inline
function mix(above: v128, below: v128, share: v128): v128 {
  const mixed = i16x8.add(above, i16x8.q15mulr_sat_s(i16x8.sub(below, above), share));
  return i16x8.shr_s(i16x8.add(mixed, i16x8.splat(HALF)), LEVEL_BITS);
}

// RGBX × 4 → RGB × 4; the four bytes after them are written over by what comes next.
// @ts-ignore
@inline
function storePixels(out: usize, first: v128, second: v128): void {
  const bytes = i8x16.narrow_i16x8_u(first, second);
  v128.store(out, i8x16.shuffle(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0));
}

// One source row at the target's columns.
function stretchRow(row: usize, quads: usize, end: usize, target: usize): void {
  for (; quads < end; quads += QUAD) {
    const first = stretch(row + load<u32>(quads), row + load<u32>(quads, 4), v128.load(quads, 16));
    const second = stretch(row + load<u32>(quads, 8), row + load<u32>(quads, 12), v128.load(quads, 32));
    v128.store(target, first);
    v128.store(target, second, 16);
    target += STRETCHED;
  }
}

// A target row between two stretched rows.
function mixRows(upper: usize, lower: usize, end: usize, share: v128, out: usize): void {
  for (; upper < end; upper += STRETCHED) {
    const first = mix(v128.load(upper), v128.load(lower), share);
    const second = mix(v128.load(upper, 16), v128.load(lower, 16), share);
    storePixels(out, first, second);
    lower += STRETCHED;
    out += 12;
  }
}

// Both at once: the source row is stretched into `lower`, and mixed while it is at hand.
function stretchAndMix(row: usize, quads: usize, end: usize, upper: usize, lower: usize, share: v128, out: usize): void {
  for (; quads < end; quads += QUAD) {
    const first = stretch(row + load<u32>(quads), row + load<u32>(quads, 4), v128.load(quads, 16));
    const second = stretch(row + load<u32>(quads, 8), row + load<u32>(quads, 12), v128.load(quads, 32));
    v128.store(lower, first);
    v128.store(lower, second, 16);
    storePixels(out, mix(v128.load(upper), first, share), mix(v128.load(upper, 16), second, share));
    upper += STRETCHED;
    lower += STRETCHED;
    out += 12;
  }
}

/** A weight in 0..1 as a fixed-point number; 1 itself is one step too large for 16 bits. */
// @ts-ignore
@inline
function weight(fraction: f32): i16 {
  return <i16>min<i32>(<i32>Mathf.round(fraction * WEIGHT_ONE), 32767);
}

/**
 * Bilinear with half-pixel centres: the pixel centre (i + 0.5) of the target lies at (i + 0.5) * scale of the source;
 * neighbours outside are clamped, results rounded. The source is a rectangle of a photo whose rows lie `stride` bytes
 * apart; nothing around it counts, but four bytes after a row are read. `scratch` has room for 32 bytes a target
 * column, rounded up to a multiple of four. The last store writes up to 16 bytes past the result.
 */
export function bilinear(
  source: usize, stride: usize, sourceWidth: i32, sourceHeight: i32,
  target: usize, width: i32, height: i32,
  scratch: usize,
): void {
  const padded = (width + 3) & ~3;
  const quads = scratch;
  const end = quads + (<usize>padded >> 2) * QUAD;
  const rowBytes = (<usize>padded >> 2) * STRETCHED;
  let upper = end;
  let lower = upper + rowBytes;
  const scaleX = <f32>sourceWidth / <f32>width;
  for (let x = 0; x < padded; x++) {
    const at = (<f32>min(x, width - 1) + 0.5) * scaleX - 0.5;
    const floor = Mathf.floor(at);
    const left = <i32>floor;
    const quad = quads + (<usize>x >> 2) * QUAD;
    store<u32>(quad + (<usize>(x & 3) << 2), max(left, 0) << 2);
    // At the border there is one neighbour: whatever lies on its other side has no weight.
    const share: i16 = left < 0 || left >= sourceWidth - 1 ? 0 : weight(at - floor);
    store<i64>(quad + (<usize>(x & 3) << 3), i64x2.extract_lane(i16x8.splat(share), 0), 16);
  }
  const scaleY = <f32>sourceHeight / <f32>height;
  let upperRow = -1;
  let lowerRow = -1;
  let out = target;
  for (let y = 0; y < height; y++) {
    const at = (<f32>y + 0.5) * scaleY - 0.5;
    const floor = Mathf.floor(at);
    const top = max(<i32>floor, 0);
    const bottom = min(<i32>floor + 1, sourceHeight - 1);
    if (upperRow != top) {
      if (lowerRow == top) {
        const swap = upper; upper = lower; lower = swap;
        lowerRow = upperRow;
      } else stretchRow(source + <usize>top * stride, quads, end, upper);
      upperRow = top;
    }
    const share = i16x8.splat(weight(at - floor));
    if (lowerRow == bottom) mixRows(upper, lower, upper + rowBytes, share, out);
    else {
      stretchAndMix(source + <usize>bottom * stride, quads, end, upper, lower, share, out);
      lowerRow = bottom;
    }
    out += <usize>width * 3;
  }
}

/**
 * What a target pixel gathers of one axis: the first and the last source pixel (i32), then the weights of the first, of
 * each between them and of the last (f32); only the first counts where it is the last too.
 */
const SPAN: usize = 20;

// Where the axis shrinks, the source pixels that the target pixel covers, by the share covered; else as bilinear does.
function span(entry: usize, at: i32, source: i32, target: i32): void {
  if (source > target) {
    // In units of 1 / target of a source pixel everything is a whole number.
    const from = <i64>at * source;
    const to = from + source;
    const first = from / target;
    const last = (to - 1) / target;
    const scale = 1.0 / <f64>source;
    store<i32>(entry, <i32>first);
    store<i32>(entry, <i32>last, 4);
    store<f32>(entry, <f32>(<f64>((first + 1) * target - from) * scale), 8);
    store<f32>(entry, <f32>(<f64>target * scale), 12);
    store<f32>(entry, <f32>(<f64>(to - last * target) * scale), 16);
    return;
  }
  const centre = (<f64>at + 0.5) * (<f64>source / <f64>target) - 0.5;
  const floor = Math.floor(centre);
  const first = max(<i32>floor, 0);
  const last = min(<i32>floor + 1, source - 1);
  const share: f32 = first == last ? 0 : <f32>(centre - floor);
  store<i32>(entry, first);
  store<i32>(entry, last, 4);
  store<f32>(entry, 1 - share, 8);
  store<f32>(entry, 0, 12);
  store<f32>(entry, share, 16);
}

// @ts-ignore
@inline
function levels(bytes: v128, pixel: i32): v128 {
  const pair = pixel < 2 ? i16x8.extend_low_i8x16_u(bytes) : i16x8.extend_high_i8x16_u(bytes);
  return f32x4.convert_i32x4_s((pixel & 1) == 0 ? i32x4.extend_low_i16x8_u(pair) : i32x4.extend_high_i16x8_u(pair));
}

// Weighted sums of the source rows that a target row covers, four f32 a pixel: `first` is the first row's weight, `last`
// the last one's, `between` that of all others. Four columns go down all rows at once, their sums in registers; reads up
// to 12 bytes past each row.
function sumRows(
  source: usize, stride: usize, rows: i32, width: i32,
  first: f32, between: f32, last: f32,
  sums: usize,
): void {
  const end = sums + (<usize>width << 4);
  const middle = f32x4.splat(between);
  for (let out = sums; out < end; out += 64) {
    let factor = f32x4.splat(first);
    let bytes = v128.load(source);
    let a = f32x4.mul(levels(bytes, 0), factor);
    let b = f32x4.mul(levels(bytes, 1), factor);
    let c = f32x4.mul(levels(bytes, 2), factor);
    let d = f32x4.mul(levels(bytes, 3), factor);
    let row = source;
    for (let left = rows - 1; left > 0; left--) {
      row += stride;
      bytes = v128.load(row);
      factor = left == 1 ? f32x4.splat(last) : middle;
      a = f32x4.add(a, f32x4.mul(levels(bytes, 0), factor));
      b = f32x4.add(b, f32x4.mul(levels(bytes, 1), factor));
      c = f32x4.add(c, f32x4.mul(levels(bytes, 2), factor));
      d = f32x4.add(d, f32x4.mul(levels(bytes, 3), factor));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
    source += 16;
  }
}

// The same where all weights are one power of two, as where 256 pixels become 32: whole numbers then add up to the same
// to the last bit, and are a third of the work. At most 256 rows.
function sumWholeRows(source: usize, stride: usize, rows: i32, width: i32, weight: f32, sums: usize): void {
  const factor = f32x4.splat(weight);
  const end = sums + (<usize>width << 4);
  for (let out = sums; out < end; out += 64) {
    let low = i16x8.splat(0);
    let high = i16x8.splat(0);
    let row = source;
    for (let left = rows; left > 0; left--) {
      const bytes = v128.load(row);
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(bytes));
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(bytes));
      row += stride;
    }
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)), factor));
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), factor), 16);
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), factor), 32);
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), factor), 48);
    source += 16;
  }
}

/**
 * The exact mean over what each target pixel covers, on an axis that shrinks; on one that does not, bilinear as above.
 * Within 0.1 levels of exact arithmetic before it is rounded. `scratch` has room for a span (20 bytes) a target column
 * and one more, rounded up to 16 bytes, and for 16 bytes a source column, rounded up to a multiple of four. The last
 * store writes a byte past the result.
 */
export function area(
  source: usize, stride: usize, sourceWidth: i32, sourceHeight: i32,
  target: usize, width: i32, height: i32,
  scratch: usize,
): void {
  const rows = scratch + <usize>width * SPAN;
  const sums = (rows + SPAN + 15) & ~15;
  for (let x = 0; x < width; x++) span(scratch + <usize>x * SPAN, x, sourceWidth, width);
  const ratio = sourceHeight / height;
  const whole = ratio > 1 && ratio <= 256 && (ratio & (ratio - 1)) == 0 && ratio * height == sourceHeight;
  let out = target;
  for (let y = 0; y < height; y++) {
    span(rows, y, sourceHeight, height);
    const top = load<i32>(rows);
    const covered = load<i32>(rows, 4) - top + 1;
    const first = load<f32>(rows, 8);
    const from = source + <usize>top * stride;
    if (whole) sumWholeRows(from, stride, covered, sourceWidth, first, sums);
    else sumRows(from, stride, covered, sourceWidth, first, load<f32>(rows, 12), load<f32>(rows, 16), sums);
    for (let x = 0, entry = scratch; x < width; x++, entry += SPAN) {
      let at = sums + (<usize>load<i32>(entry) << 4);
      const last = sums + (<usize>load<i32>(entry, 4) << 4);
      let value = f32x4.mul(v128.load(at), f32x4.splat(load<f32>(entry, 8)));
      if (last > at) {
        let between = f32x4.splat(0);
        for (at += 16; at < last; at += 16) between = f32x4.add(between, v128.load(at));
        value = f32x4.add(value, f32x4.mul(between, f32x4.splat(load<f32>(entry, 12))));
        value = f32x4.add(value, f32x4.mul(v128.load(last), f32x4.splat(load<f32>(entry, 16))));
      }
      const rounded = i32x4.trunc_sat_f32x4_s(f32x4.add(value, f32x4.splat(0.5)));
      const words = i16x8.narrow_i32x4_s(rounded, rounded);
      // The fourth byte is written over by what comes next.
      v128.store32_lane(out, i8x16.narrow_i16x8_u(words, words), 0);
      out += 3;
    }
  }
}

const FNV_PRIME: i32 = 0x01000193;
const FNV_BASIS: i32 = <i32>0x811c9dc5;

/**
 * FNV-1a (Fowler, Noll, Vo) by words, each sixteenth word a chain of its own: sixteen chains are worked on as fast as
 * one. Each chain starts elsewhere, so that pixels that trade places are other pixels. `words` 32-bit words, a multiple
 * of 16 or not, are read from `source`, and the 16 chains (64 bytes) stored at `target`.
 */
export function checksum(source: usize, words: i32, target: usize): void {
  const prime = i32x4.splat(FNV_PRIME);
  const basis = i32x4.splat(FNV_BASIS);
  let a = v128.xor(basis, i32x4(0, 1, 2, 3));
  let b = v128.xor(basis, i32x4(4, 5, 6, 7));
  let c = v128.xor(basis, i32x4(8, 9, 10, 11));
  let d = v128.xor(basis, i32x4(12, 13, 14, 15));
  const end = source + (<usize>(words & ~15) << 2);
  for (; source < end; source += 64) {
    a = i32x4.mul(v128.xor(a, v128.load(source)), prime);
    b = i32x4.mul(v128.xor(b, v128.load(source, 16)), prime);
    c = i32x4.mul(v128.xor(c, v128.load(source, 32)), prime);
    d = i32x4.mul(v128.xor(d, v128.load(source, 48)), prime);
  }
  v128.store(target, a);
  v128.store(target, b, 16);
  v128.store(target, c, 32);
  v128.store(target, d, 48);
  for (let word = 0; word < (words & 15); word++) {
    const chain = target + (<usize>word << 2);
    store<i32>(chain, (load<i32>(chain) ^ load<i32>(source + (<usize>word << 2))) * FNV_PRIME);
  }
}
