/** A transform for tests: each number plus its draw's own values, into rows of another size. */
export default function shift({ photo, row, channels, options }) {
  const { scale } = channels[0];
  return (pixels, target, { seed, epoch, position, key }) => {
    if (pixels.length !== photo.height * photo.width * 3) throw new Error('another photo');
    if (target.length !== row.height * row.width * 3) throw new Error('another row');
    if (options.failAt === key) throw new Error('told to fail');
    target.fill(pixels[0] * scale + options.add + seed + 10 * epoch + 1000 * position);
  };
}
