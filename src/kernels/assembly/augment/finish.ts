// Normalising what is not warped, and what is done to a view last.

const PIXEL: usize = 12;

/** A photo as it is, normalised as `channels` says (see `warp`). Loads and stores go 4 bytes past the ends. */
export function normalise(source: usize, pixels: i32, target: usize, channels: usize): void {
  const scale = v128.load(channels);
  const shift = v128.load(channels, 16);
  // Of each channel's two taps the first, alone in 32 bits.
  const order = v128.or(v128.load(channels, 32), i32x4.splat(0xffffff00));
  const end = source + 3 * <usize>pixels;
  for (; source < end; source += 3) {
    const levels = f32x4.convert_i32x4_s(i8x16.swizzle(v128.load32_zero(source), order));
    v128.store(target, f32x4.add(f32x4.mul(levels, scale), shift));
    target += PIXEL;
  }
}

/** Paints a rectangle of whole pixels with one level, normalised as `channels` says (see `warp`). */
export function erase(
  target: usize, columns: i32,
  left: i32, top: i32, width: i32, height: i32,
  level: f32, channels: usize,
): void {
  const colour = f32x4.add(f32x4.mul(f32x4.splat(level), v128.load(channels)), v128.load(channels, 16));
  const first = f32x4.extract_lane(colour, 0);
  const second = f32x4.extract_lane(colour, 1);
  const third = f32x4.extract_lane(colour, 2);
  for (let y = top; y < top + height; y++) {
    let at = target + (<usize>y * <usize>columns + <usize>left) * PIXEL;
    for (let x = 0; x < width; x++) {
      store<f32>(at, first);
      store<f32>(at, second, 4);
      store<f32>(at, third, 8);
      at += PIXEL;
    }
  }
}

// @ts-ignore
@inline
function rounded(at: usize): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.add(v128.load(at), f32x4.splat(0.5)));
}

/** Levels → bytes in place: half up, clipped to 0..255. Reads and writes whole groups of 16 numbers. */
export function roundToBytes(at: usize, numbers: i32): void {
  for (let done: usize = 0; done < <usize>numbers; done += 16) {
    const from = at + 4 * done;
    const low = i16x8.narrow_i32x4_s(rounded(from), rounded(from + 16));
    const high = i16x8.narrow_i32x4_s(rounded(from + 32), rounded(from + 48));
    v128.store(at + done, i8x16.narrow_i16x8_u(low, high));
  }
}
