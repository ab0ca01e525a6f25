import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { galleryBytes, vectorBytes } from '#src/plan/bytes.js';
import type { VectorIdentity } from '#src/sinks/tensor-cache/cache.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../fixtures.js';

const PHOTOS = 300;

// Of MobileNet 0.75 alone, of the layers that recipes/b-cnn.yaml reads, of VGG16 mirrored too, of little.
it.each([768, 192 + 384 + 768, 2 * 512, 128])(
  'says how large a cache of %i features is, to a fifth',
  async (length) => {
    const folder = await temporaryFolder('plan-vectors');
    try {
      const identity: VectorIdentity = {
        kind: 'vectors',
        schemaVersion: 1,
        length,
        dtype: 'float32',
        network: 'mobilenet',
        weights: 'w',
        layer: 'l',
        preprocessing: 'tf',
        view: 0,
        pixels: 'p',
      };
      const path = join(folder.path, 'cache');
      const writer = await writeCache(path, identity);
      for (let photo = 0; photo < PHOTOS; photo++) {
        await writer.put(
          photo.toString(16).padStart(64, '0'),
          new Uint8Array(4 * length).fill(1 + (photo % 255)),
        );
      }
      await writer.close();
      const { size } = await stat(join(path, 'data.mdb'));
      const told = PHOTOS * vectorBytes(length);
      expect(told / size).toBeGreaterThan(0.8);
      expect(told / size).toBeLessThan(1.2);
    } finally {
      await folder.dispose();
    }
  },
);

it('takes a gallery to be as large as the sample’s', () => {
  // Of 3,620 photos by MobileNet 0.75's 768 features, all four files.
  expect(galleryBytes(3620, 768) / 11_780_712).toBeGreaterThan(0.95);
  expect(galleryBytes(3620, 768) / 11_780_712).toBeLessThan(1.05);
});
