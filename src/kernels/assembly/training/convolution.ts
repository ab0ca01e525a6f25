/**
 * Puts a picture of height × width pixels into a zeroed one: pixel (y, x) goes to (top + y · strideY,
 * left + x · strideX), or nowhere when that lies outside. Pads, crops (negative top and left) and dilates.
 */
export function place(
  source: usize, height: i32, width: i32, pixelBytes: i32,
  target: usize, targetHeight: i32, targetWidth: i32,
  top: i32, left: i32, strideY: i32, strideX: i32,
): void {
  const rowBytes = targetWidth * pixelBytes;
  memory.fill(target, 0, <usize>targetHeight * rowBytes);
  const first = max(0, -left);
  const pixels = min(width, targetWidth - left) - first;
  for (let y = 0; y < height; y++) {
    const targetY = top + y * strideY;
    if (targetY < 0 || targetY >= targetHeight) continue;
    const from = source + <usize>(y * width * pixelBytes);
    const to = target + <usize>(targetY * rowBytes);
    if (strideX == 1) {
      if (pixels > 0) {
        memory.copy(to + <usize>((left + first) * pixelBytes), from + <usize>(first * pixelBytes), pixels * pixelBytes);
      }
      continue;
    }
    for (let x = 0; x < width; x++) {
      const targetX = left + x * strideX;
      if (targetX < 0 || targetX >= targetWidth) continue;
      memory.copy(to + <usize>(targetX * pixelBytes), from + <usize>(x * pixelBytes), pixelBytes);
    }
  }
}

/** Rows of `columns` numbers as panels of 8 columns, the last filled up with zeros: [⌈columns / 8⌉, rows, 8]. */
export function pack(source: usize, rows: i32, columns: i32, panels: usize): void {
  const stride = <usize>columns << 2;
  for (let column = 0; column < columns; column += 8) {
    let from = source + (<usize>column << 2);
    const rest = columns - column;
    for (let row = 0; row < rows; row++) {
      if (rest >= 8) {
        v128.store(panels, v128.load(from));
        v128.store(panels, v128.load(from, 16), 16);
      } else {
        for (let lane = 0; lane < 8; lane++) {
          const at = <usize>lane << 2;
          store<f32>(panels + at, lane < rest ? load<f32>(from + at) : 0);
        }
      }
      from += stride;
      panels += 32;
    }
  }
}

/** The inverse of `pack` for panels whose rows may be filled up too. */
export function unpack(panels: usize, panelRows: i32, rows: i32, columns: i32, target: usize): void {
  for (let column = 0; column < columns; column++) {
    let from = panels + <usize>(((column >> 3) * panelRows) << 5) + <usize>((column & 7) << 2);
    let to = target + (<usize>column << 2);
    for (let row = 0; row < rows; row++) {
      store<f32>(to, load<f32>(from));
      from += 32;
      to += <usize>columns << 2;
    }
  }
}

// @ts-ignore
@inline
function addTo(address: usize, value: v128): void {
  v128.store(address, f32x4.add(v128.load(address), value));
}

/**
 * Adds to sums[panel][row][lane] the sum over positions (y, x) of image[offsets[row] + y · stepY + x · stepX] times
 * panels[panel][y, x][lane]: a matrix product whose left side is read out of the image in place. Four rows by eight
 * lanes stay in registers; positions go block by block, so that what they read stays in the first cache.
 * @param offsets bytes, one a row; their number is 4 · tiles
 * @param lines positions' rows a block
 */
export function correlate(
  image: usize, stepY: i32, stepX: i32, offsets: usize, tiles: i32,
  panels: usize, height: i32, width: i32, columns: i32, lines: i32, sums: usize,
): void {
  for (let start = 0; start < height; start += lines) {
    const end = min(height, start + lines);
    let sum = sums;
    for (let column = 0; column < columns; column++) {
      const panel = panels + (<usize>((column * height + start) * width) << 5);
      for (let tile = 0; tile < tiles; tile++) {
        const entry = offsets + (<usize>tile << 4);
        const offset0 = load<u32>(entry);
        const offset1 = load<u32>(entry, 4);
        const offset2 = load<u32>(entry, 8);
        const offset3 = load<u32>(entry, 12);
        let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
        let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        let at = panel;
        for (let y = start; y < end; y++) {
          let pixel = image + <usize>(y * stepY);
          for (let x = width; x > 0; x--) {
            const a = v128.load(at);
            const b = v128.load(at, 16);
            let value = v128.load32_splat(pixel + offset0);
            a0 = f32x4.add(a0, f32x4.mul(value, a));
            b0 = f32x4.add(b0, f32x4.mul(value, b));
            value = v128.load32_splat(pixel + offset1);
            a1 = f32x4.add(a1, f32x4.mul(value, a));
            b1 = f32x4.add(b1, f32x4.mul(value, b));
            value = v128.load32_splat(pixel + offset2);
            a2 = f32x4.add(a2, f32x4.mul(value, a));
            b2 = f32x4.add(b2, f32x4.mul(value, b));
            value = v128.load32_splat(pixel + offset3);
            a3 = f32x4.add(a3, f32x4.mul(value, a));
            b3 = f32x4.add(b3, f32x4.mul(value, b));
            pixel += stepX;
            at += 32;
          }
        }
        addTo(sum, a0); addTo(sum + 16, b0);
        addTo(sum + 32, a1); addTo(sum + 48, b1);
        addTo(sum + 64, a2); addTo(sum + 80, b2);
        addTo(sum + 96, a3); addTo(sum + 112, b3);
        sum += 128;
      }
    }
  }
}

/** A filter [taps, inputs, outputs] turned by 180° with its channels swapped: [taps, outputs, inputs]. */
export function rotate(filter: usize, taps: i32, inputs: i32, outputs: i32, target: usize): void {
  for (let tap = taps - 1; tap >= 0; tap--) {
    const from = filter + (<usize>(tap * inputs * outputs) << 2);
    // Blocks of 16 × 16, so that neither side jumps a cache line a number.
    for (let output0 = 0; output0 < outputs; output0 += 16) {
      for (let input0 = 0; input0 < inputs; input0 += 16) {
        for (let output = output0; output < min(output0 + 16, outputs); output++) {
          for (let input = input0; input < min(input0 + 16, inputs); input++) {
            const value = load<f32>(from + (<usize>(input * outputs + output) << 2));
            store<f32>(target + (<usize>(output * inputs + input) << 2), value);
          }
        }
      }
    }
    target += <usize>(inputs * outputs) << 2;
  }
}
