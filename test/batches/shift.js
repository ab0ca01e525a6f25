import { existsSync, writeFileSync } from 'node:fs';

/** A transform for tests: each number plus its draw's own values, into rows of another size; it can fail, and die. */
export default function shift({ photo, row, channels, options }) {
  const { scale } = channels[0];
  return (pixels, target, { seed, epoch, position, key }) => {
    if (pixels.length !== photo.height * photo.width * 3) throw new Error('another photo');
    if (target.length !== row.height * row.width * 3) throw new Error('another row');
    if (options.failAt === key) throw new Error('told to fail');
    if (options.dieAt === key) die(options);
    target.fill(pixels[0] * scale + options.add + seed + 10 * epoch + 1000 * position);
  };
}

/** Ends the thread, unless so many have ended at this photo before. */
function die({ marks, deaths }) {
  for (let death = 0; death < deaths; death++) {
    if (existsSync(`${marks}.${death}`)) continue;
    writeFileSync(`${marks}.${death}`, '');
    process.exit(3);
  }
}
