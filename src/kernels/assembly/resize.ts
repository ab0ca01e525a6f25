// Pixel inner loops over a memory that the host owns. Source pixels are RGBX (4 bytes), results RGB (3 bytes).

// @ts-ignore
@inline
function load4(address: usize): v128 {
  const bytes = v128.load32_zero(address);
  const halves = i16x8.extend_low_i8x16_u(bytes);
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(halves));
}

// One source row at the target's columns, as f32x4 a pixel.
function stretchRow(row: usize, columns: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x++) {
    const entry = columns + (<usize>x) * 12;
    const left = load4(row + load<u32>(entry));
    const right = load4(row + load<u32>(entry, 4));
    const fraction = f32x4.splat(load<f32>(entry, 8));
    v128.store(target + ((<usize>x) << 4), f32x4.add(left, f32x4.mul(f32x4.sub(right, left), fraction)));
  }
}

/**
 * Bilinear with half-pixel centres: the pixel centre (i + 0.5) of the target lies at (i + 0.5) * scale of the source;
 * neighbours outside are clamped, results rounded half up. `scratch` has room for 44 bytes a target column.
 * The last pixel's store writes one byte past the result.
 */
export function bilinear(
  source: usize, sourceWidth: i32, sourceHeight: i32,
  target: usize, width: i32, height: i32,
  scratch: usize,
): void {
  const columns = scratch;
  let upper = scratch + (<usize>width) * 12;
  let lower = upper + ((<usize>width) << 4);
  const scaleX = <f32>sourceWidth / <f32>width;
  for (let x = 0; x < width; x++) {
    const at = (<f32>x + 0.5) * scaleX - 0.5;
    const floor = Mathf.floor(at);
    const left = max(<i32>floor, 0);
    const right = min(<i32>floor + 1, sourceWidth - 1);
    const entry = columns + (<usize>x) * 12;
    store<u32>(entry, left << 2);
    store<u32>(entry, right << 2, 4);
    store<f32>(entry, at - floor, 8);
  }
  const stride = (<usize>sourceWidth) << 2;
  const scaleY = <f32>sourceHeight / <f32>height;
  const half = f32x4.splat(0.5);
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
      } else stretchRow(source + (<usize>top) * stride, columns, width, upper);
      upperRow = top;
    }
    if (lowerRow != bottom) {
      stretchRow(source + (<usize>bottom) * stride, columns, width, lower);
      lowerRow = bottom;
    }
    const fraction = f32x4.splat(at - floor);
    for (let x = 0; x < width; x++) {
      const offset = (<usize>x) << 4;
      const above = v128.load(upper + offset);
      const below = v128.load(lower + offset);
      const mixed = f32x4.add(above, f32x4.mul(f32x4.sub(below, above), fraction));
      const whole = i32x4.trunc_sat_f32x4_u(f32x4.add(mixed, half));
      const halves = i16x8.narrow_i32x4_u(whole, whole);
      store<u32>(out, i32x4.extract_lane(i8x16.narrow_i16x8_u(halves, halves), 0));
      out += 3;
    }
  }
}
