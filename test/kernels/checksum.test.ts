import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pixelKernels } from '#src/kernels/resize.js';

const kernels = pixelKernels();
const checksum = (width: number, height: number, pixels: Uint8Array) => {
  kernels.room(width, height).set(pixels);
  return Buffer.from(kernels.checksum({ width, height })).toString('hex');
};

/** Sixteen chains of FNV-1a over 32-bit words, as written in the kernel's comment. */
function expected(pixels: Uint8Array): string {
  const words = new Int32Array(pixels.slice().buffer);
  const chains = Int32Array.from({ length: 16 }, (_, chain) => 0x811c9dc5 ^ chain);
  for (const [at, word] of words.entries()) chains[at % 16] = Math.imul(chains[at % 16]! ^ word, 0x01000193);
  return Buffer.from(chains.buffer).toString('hex');
}

const photo = fc
  .tuple(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      pixels: fc.uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height }),
    }),
  );

it('is FNV-1a of every pixel, whatever lay in the memory before', () => {
  fc.assert(
    fc.property(photo, ({ width, height, pixels }) => {
      expect(checksum(width, height, pixels)).toBe(expected(pixels));
    }),
  );
});

it('differs where one byte does, and where two pixels trade places', () => {
  fc.assert(
    fc.property(photo, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (one, i, j, change) => {
      const { width, height, pixels } = one;
      const before = checksum(width, height, pixels);
      const changed = pixels.slice();
      changed[i % pixels.length]! ^= change;
      expect(checksum(width, height, changed)).not.toBe(before);
      const [a, b] = [i % (width * height), j % (width * height)];
      const traded = pixels.slice();
      traded.copyWithin(4 * a, 4 * b, 4 * b + 4);
      traded.set(pixels.subarray(4 * a, 4 * a + 4), 4 * b);
      const same = Buffer.compare(traded, pixels) === 0;
      expect(checksum(width, height, traded) === before).toBe(same);
    }),
  );
});
