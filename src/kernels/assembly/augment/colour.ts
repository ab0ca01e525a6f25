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

// Turns the hue by sextants of the colour circle: to hue, saturation, value and back (value − chroma × …, by sextant).
// @ts-ignore
@inline
function rotateHue(levels: v128, sextants: f32): v128 {
  const red = f32x4.extract_lane(levels, 0);
  const green = f32x4.extract_lane(levels, 1);
  const blue = f32x4.extract_lane(levels, 2);
  const value = max(red, max(green, blue));
  const chroma = value - min(red, min(green, blue));
  if (chroma == 0) return levels;
  let hue = value == red ? (green - blue) / chroma : value == green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
  hue += sextants;
  const turned = f32x4.add(f32x4(5, 3, 1, 0), f32x4.splat(hue));
  const six = f32x4.splat(6);
  const place = f32x4.sub(turned, f32x4.mul(six, f32x4.floor(f32x4.div(turned, six))));
  const near = f32x4.pmin(f32x4.pmin(place, f32x4.sub(f32x4.splat(4), place)), f32x4.splat(1));
  const share = f32x4.pmax(near, f32x4.splat(0));
  return f32x4.sub(f32x4.splat(value), f32x4.mul(f32x4.splat(chroma), share));
}

/**
 * Brightness in levels, then contrast about the means, then hue in turns; then each channel × scale + shift, in the
 * order that `channels` asks for (see `warp`; byte 32 is 0 for RGB and 2 for BGR).
 */
export function recolour(
  at: usize, pixels: i32,
  brightness: f32, contrast: f32, means: usize, hue: f32,
  channels: usize,
): void {
  const moved = f32x4.splat(brightness);
  const factor = f32x4.splat(contrast);
  const mean = v128.load(means);
  const sextants: f32 = 6 * hue;
  const scale = v128.load(channels);
  const shift = v128.load(channels, 16);
  const reversed = load<u8>(channels, 32) == 2;
  const end = at + <usize>pixels * PIXEL;
  let next = v128.load(at);
  for (let pixel = at; pixel < end; pixel += PIXEL) {
    let levels = clip(f32x4.add(next, moved));
    // Read before the store below writes over its first channel.
    next = v128.load(pixel + PIXEL);
    if (contrast != 1) levels = clip(f32x4.add(f32x4.mul(f32x4.sub(levels, mean), factor), mean));
    if (hue != 0) levels = rotateHue(levels, sextants);
    if (reversed) levels = i32x4.shuffle(levels, levels, 2, 1, 0, 3);
    v128.store(pixel, f32x4.add(f32x4.mul(levels, scale), shift));
  }
}
