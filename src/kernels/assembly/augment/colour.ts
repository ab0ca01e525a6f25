// Colour changes of a view in place, in levels 0..255, in the order and with the clipping of Keras's layers.

const PIXEL: usize = 12;

// @ts-ignore
@inline
function clip(levels: v128): v128 {
  return f32x4.pmin(f32x4.pmax(levels, f32x4.splat(0)), f32x4.splat(255));
}

/** Means of each channel after the change of brightness, as 4 × f32 (the last one means nothing). */
export function channelMeans(at: usize, pixels: i32, brightness: f32, means: usize): void {
  const moved = f32x4.splat(brightness);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = at + <usize>pixels * PIXEL;
  for (let pixel = at; pixel < end; pixel += PIXEL) {
    const levels = clip(f32x4.add(v128.load(pixel), moved));
    low = f64x2.add(low, f64x2.promote_low_f32x4(levels));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i64x2.shuffle(levels, levels, 1, 1)));
  }
  const count = f64x2.splat(<f64>pixels);
  const upper = f32x4.demote_f64x2_zero(f64x2.div(high, count));
  v128.store(means, i64x2.shuffle(f32x4.demote_f64x2_zero(f64x2.div(low, count)), upper, 0, 2));
}

// @ts-ignore
@inline
function about(levels: v128, mean: v128, factor: v128): v128 {
  return clip(f32x4.add(f32x4.mul(f32x4.sub(levels, mean), factor), mean));
}

// A channel of colours whose value, chroma and hue (in sextants of the circle) are known; red is 5, green 3, blue 1.
// @ts-ignore
@inline
function channelOf(which: f32, value: v128, chroma: v128, hue: v128): v128 {
  const turned = f32x4.add(f32x4.splat(which), hue);
  const place = f32x4.sub(turned, f32x4.mul(f32x4.splat(6), f32x4.floor(f32x4.mul(turned, f32x4.splat(1.0 / 6.0)))));
  const near = f32x4.pmin(f32x4.pmin(place, f32x4.sub(f32x4.splat(4), place)), f32x4.splat(1));
  return f32x4.sub(value, f32x4.mul(chroma, f32x4.pmax(near, f32x4.splat(0))));
}

/**
 * Brightness in levels, then contrast about the means, then hue in turns; then each channel × scale + shift, in the
 * order that `channels` asks for (see `warp`; byte 32 is 0 for RGB and 2 for BGR). Four pixels at a time: up to three
 * past the end are changed too.
 */
export function recolour(
  at: usize, pixels: i32,
  brightness: f32, contrast: f32, means: usize, hue: f32,
  channels: usize,
): void {
  const moved = f32x4.splat(brightness);
  const factor = f32x4.splat(contrast);
  const sextants = f32x4.splat(6 * hue);
  const zero = f32x4.splat(0);
  const reversed = load<u8>(channels, 32) == 2;
  const end = at + <usize>pixels * PIXEL;
  for (; at < end; at += 4 * PIXEL) {
    // RGBR GBRG BRGB → RRRR GGGG BBBB
    const first = clip(f32x4.add(v128.load(at), moved));
    const second = clip(f32x4.add(v128.load(at, 16), moved));
    const third = clip(f32x4.add(v128.load(at, 32), moved));
    let red = i32x4.shuffle(i32x4.shuffle(first, second, 0, 3, 6, 6), third, 0, 1, 2, 5);
    let green = i32x4.shuffle(i32x4.shuffle(first, second, 1, 4, 7, 7), third, 0, 1, 2, 6);
    let blue = i32x4.shuffle(i32x4.shuffle(first, second, 2, 5, 5, 5), third, 0, 1, 4, 7);
    if (contrast != 1) {
      red = about(red, v128.load32_splat(means), factor);
      green = about(green, v128.load32_splat(means, 4), factor);
      blue = about(blue, v128.load32_splat(means, 8), factor);
    }
    if (hue != 0) {
      const value = f32x4.pmax(red, f32x4.pmax(green, blue));
      const chroma = f32x4.sub(value, f32x4.pmin(red, f32x4.pmin(green, blue)));
      const isRed = f32x4.eq(value, red);
      const isGreen = f32x4.eq(value, green);
      const ahead = v128.bitselect(
        f32x4.sub(green, blue),
        v128.bitselect(f32x4.sub(blue, red), f32x4.sub(red, green), isGreen),
        isRed,
      );
      const base = v128.bitselect(zero, v128.bitselect(f32x4.splat(2), f32x4.splat(4), isGreen), isRed);
      // Greys have no chroma, and then no hue that matters.
      const share = f32x4.div(ahead, f32x4.pmax(chroma, f32x4.splat(1e-30)));
      const turned = f32x4.add(f32x4.add(base, share), sextants);
      red = channelOf(5, value, chroma, turned);
      green = channelOf(3, value, chroma, turned);
      blue = channelOf(1, value, chroma, turned);
    }
    if (reversed) {
      const swap = red; red = blue; blue = swap;
    }
    red = f32x4.add(f32x4.mul(red, v128.load32_splat(channels)), v128.load32_splat(channels, 16));
    green = f32x4.add(f32x4.mul(green, v128.load32_splat(channels, 4)), v128.load32_splat(channels, 20));
    blue = f32x4.add(f32x4.mul(blue, v128.load32_splat(channels, 8)), v128.load32_splat(channels, 24));
    v128.store(at, i32x4.shuffle(i32x4.shuffle(red, green, 0, 4, 1, 1), blue, 0, 1, 4, 2));
    v128.store(at, i32x4.shuffle(i32x4.shuffle(green, blue, 1, 5, 2, 2), red, 0, 1, 6, 2), 16);
    v128.store(at, i32x4.shuffle(i32x4.shuffle(blue, red, 2, 7, 3, 3), green, 0, 1, 7, 2), 32);
  }
}
