// Windows are clipped to the image: padding takes no part.

/**
 * Adds to dx (zeroed) each window's gradient at the window's first maximum in row-major order, as TensorFlow does,
 * for a batch of images.
 */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filterHeight: i32, filterWidth: i32,
  strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  const wide = channels & ~3;
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>width * pixelBytes;
  for (let image = 0; image < batch; image++) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y = max(0, outY * strideY - top);
      const rows = min(height, outY * strideY - top + filterHeight) - y;
      for (let outX = 0; outX < outWidth; outX++) {
        const x0 = max(0, outX * strideX - left);
        const columns = min(width, outX * strideX - left + filterWidth) - x0;
        const corner = <usize>((image * height + y) * width + x0) * pixelBytes;
        for (let channel = 0; channel < wide; channel += 4) {
          const at = corner + (<usize>channel << 2);
          let best = v128.load(x + at);
          let winner = i32x4.splat(0);
          let tap = 0;
          for (let row = 0; row < rows; row++) {
            let from = x + at + <usize>row * rowBytes;
            for (let column = 0; column < columns; column++) {
              const value = v128.load(from);
              const larger = f32x4.gt(value, best);
              best = v128.bitselect(value, best, larger);
              winner = v128.bitselect(i32x4.splat(tap), winner, larger);
              tap++;
              from += pixelBytes;
            }
          }
          const gradient = v128.load(dy + (<usize>channel << 2));
          tap = 0;
          for (let row = 0; row < rows; row++) {
            let to = dx + at + <usize>row * rowBytes;
            for (let column = 0; column < columns; column++) {
              const share = v128.and(gradient, i32x4.eq(winner, i32x4.splat(tap)));
              v128.store(to, f32x4.add(v128.load(to), share));
              tap++;
              to += pixelBytes;
            }
          }
        }
        for (let channel = wide; channel < channels; channel++) {
          const at = corner + (<usize>channel << 2);
          let best = load<f32>(x + at);
          let winner = at;
          for (let row = 0; row < rows; row++) {
            let offset = at + <usize>row * rowBytes;
            for (let column = 0; column < columns; column++) {
              const value = load<f32>(x + offset);
              if (value > best) {
                best = value;
                winner = offset;
              }
              offset += pixelBytes;
            }
          }
          store<f32>(dx + winner, load<f32>(dx + winner) + load<f32>(dy + (<usize>channel << 2)));
        }
        dy += pixelBytes;
      }
    }
  }
}

/** Adds to dx (zeroed) each window's gradient in equal shares to the pixels that the window covers. */
export function avgPoolGradient(
  dy: usize, dx: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filterHeight: i32, filterWidth: i32,
  strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  const wide = channels & ~3;
  const pixelBytes = <usize>channels << 2;
  for (let image = 0; image < batch; image++) {
    for (let outY = 0; outY < outHeight; outY++) {
      const y0 = max(0, outY * strideY - top);
      const y1 = min(height, outY * strideY - top + filterHeight);
      for (let outX = 0; outX < outWidth; outX++) {
        const x0 = max(0, outX * strideX - left);
        const x1 = min(width, outX * strideX - left + filterWidth);
        const part = <f32>1 / <f32>((y1 - y0) * (x1 - x0));
        for (let y = y0; y < y1; y++) {
          let to = dx + <usize>((image * height + y) * width + x0) * pixelBytes;
          for (let x = x0; x < x1; x++) {
            let channel = 0;
            for (; channel < wide; channel += 4) {
              const at = <usize>channel << 2;
              const share = f32x4.mul(v128.load(dy + at), f32x4.splat(part));
              v128.store(to + at, f32x4.add(v128.load(to + at), share));
            }
            for (; channel < channels; channel++) {
              const at = <usize>channel << 2;
              store<f32>(to + at, load<f32>(to + at) + load<f32>(dy + at) * part);
            }
            to += pixelBytes;
          }
        }
        dy += pixelBytes;
      }
    }
  }
}
