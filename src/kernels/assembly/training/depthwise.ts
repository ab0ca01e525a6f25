// Output channel q of a depthwise convolution reads input channel q / multiplier. Images are padded.

/**
 * Adds the filter's gradient of one image to `target` [filterHeight, filterWidth, channels · multiplier].
 * @param dy [height, width, channels · multiplier]
 */
export function depthwiseFilterGradient(
  image: usize, imageWidth: i32, channels: i32, multiplier: i32, strideY: i32, strideX: i32,
  dy: usize, height: i32, width: i32, filterHeight: i32, filterWidth: i32, target: usize,
): void {
  const outputs = channels * multiplier;
  const wide = multiplier == 1 ? outputs & ~3 : 0;
  const pixelBytes = channels << 2;
  const dyBytes = outputs << 2;
  const stepX = strideX * pixelBytes;
  for (let y = 0; y < height; y++) {
    const dyRow = dy + <usize>(y * width * dyBytes);
    for (let q = 0; q < outputs; q += q < wide ? 4 : 1) {
      for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
        const row = y * strideY + tap / filterWidth;
        let at = image + <usize>((row * imageWidth + (tap % filterWidth)) * pixelBytes) + (<usize>(q / multiplier) << 2);
        let by = dyRow + (<usize>q << 2);
        const sum = target + (<usize>(tap * outputs + q) << 2);
        if (q < wide) {
          let total = v128.load(sum);
          for (let x = width; x > 0; x--) {
            total = f32x4.add(total, f32x4.mul(v128.load(at), v128.load(by)));
            at += stepX;
            by += dyBytes;
          }
          v128.store(sum, total);
        } else {
          let total = load<f32>(sum);
          for (let x = width; x > 0; x--) {
            total += load<f32>(at) * load<f32>(by);
            at += stepX;
            by += dyBytes;
          }
          store<f32>(sum, total);
        }
      }
    }
  }
}

/** Adds the gradient of one image to the padded, zeroed `image`. */
export function depthwiseInputGradient(
  dy: usize, height: i32, width: i32, filter: usize, filterHeight: i32, filterWidth: i32,
  channels: i32, multiplier: i32, strideY: i32, strideX: i32, image: usize, imageWidth: i32,
): void {
  const outputs = channels * multiplier;
  const wide = multiplier == 1 ? outputs & ~3 : 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = dy + (<usize>((y * width + x) * outputs) << 2);
      let weights = filter;
      for (let tapY = 0; tapY < filterHeight; tapY++) {
        for (let tapX = 0; tapX < filterWidth; tapX++) {
          const pixel = (y * strideY + tapY) * imageWidth + x * strideX + tapX;
          const to = image + (<usize>(pixel * channels) << 2);
          let q = 0;
          for (; q < wide; q += 4) {
            const at = <usize>q << 2;
            const share = f32x4.mul(v128.load(from + at), v128.load(weights + at));
            v128.store(to + at, f32x4.add(v128.load(to + at), share));
          }
          for (; q < outputs; q++) {
            const at = <usize>q << 2;
            const sum = to + (<usize>(q / multiplier) << 2);
            store<f32>(sum, load<f32>(sum) + load<f32>(from + at) * load<f32>(weights + at));
          }
          weights += <usize>outputs << 2;
        }
      }
    }
  }
}
