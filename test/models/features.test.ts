import { join } from 'node:path';
import type { SymbolicTensor, Tensor } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import { computeFeatures, featureIdentity } from '#src/models/features.js';
import { networks } from '#src/models/networks/index.js';
import { assignWeights } from '#src/models/weights/named.js';
import { type Pretrained, readPretrained } from '#src/models/weights/pretrained.js';
import { uniform } from '#src/random.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { testContext } from '../context.js';
import { temporaryFolder } from '../fixtures.js';
import { hasShared, shared } from './goldens.js';

const WEIGHTS = 'mobilenet_v1_0.75_224';

describe.skipIf(!hasShared(WEIGHTS))('computeFeatures', () => {
  const identity = pixelIdentity({ height: 64, width: 64, fit: 'stretch', decoder: 'turbo' });
  const photos = Array.from({ length: 11 }, (_, index) => index.toString(16).padStart(64, '0'));
  let folder: { path: string; dispose(): Promise<void> };
  let pixels: TensorCache;
  let pretrained: Pretrained;
  beforeAll(async () => {
    folder = await temporaryFolder('features');
    const writer = await writeCache(join(folder.path, 'pixels'), identity);
    for (const [photo, sha256] of photos.entries()) {
      const bytes = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => Math.floor(256 * uniform(photo, at)));
      await writer.put(sha256, bytes);
    }
    await writer.close();
    pixels = openCache(join(folder.path, 'pixels'));
    pretrained = await readPretrained(join(shared, WEIGHTS), networks.mobilenet);
  });
  afterAll(async () => {
    await pixels.close();
    await folder.dispose();
  });

  const features = () => featureIdentity(pretrained, identity);
  const compute = (name: string, workers: number, some = photos) =>
    computeFeatures({
      parts: [{ path: join(folder.path, name), identity: features(), pixels, photos: some }],
      folder: join(shared, WEIGHTS),
      backend: 'wasm',
      context: testContext({ workers }),
    });

  const digest = async (name: string) => {
    const cache = openCache(join(folder.path, name));
    const found = await cache.digest();
    await cache.close();
    return found;
  };

  it('gives the same vectors for any number of workers, each photo once', async () => {
    expect(await compute('one', 1, [...photos, photos[3]!])).toMatchObject({ records: 11, computed: 11 });
    await compute('three', 3);
    expect(await digest('three')).toBe(await digest('one'));
    const cache = openCache(join(folder.path, 'one'));
    const vector = new Float32Array(768);
    cache.read(cache.keyOf(photos[0]!)!, new Uint8Array(vector.buffer));
    // Averages of relu6: not negative, not above 6, and not all nothing.
    expect(vector.every((value) => value >= 0 && value <= 6)).toBe(true);
    expect(vector.some((value) => value > 0.1)).toBe(true);
    await cache.close();
  });

  it('keeps what is there', async () => {
    await compute('partly', 2, photos.slice(0, 4));
    expect(await compute('partly', 2)).toMatchObject({ records: 11, computed: 7 });
    expect(await digest('partly')).toBe(await digest('one'));
    expect(await compute('partly', 2)).toMatchObject({ records: 11, computed: 0 });
  });

  it('keeps the averages of several layers one after the other', async () => {
    const taps = ['conv_pw_5_relu', 'conv_pw_13_relu'];
    const of = featureIdentity(pretrained, identity, { taps });
    expect(of).toMatchObject({ length: 192 + 768, layer: 'conv_pw_5_relu+conv_pw_13_relu' });
    await computeFeatures({
      parts: [{ path: join(folder.path, 'taps'), identity: of, pixels, photos: photos.slice(0, 4) }],
      folder: join(shared, WEIGHTS),
      backend: 'wasm',
      context: testContext({ workers: 1 }),
    });
    await compute('alone', 1, photos.slice(0, 4));
    const read = (name: string, length: number) => {
      const cache = openCache(join(folder.path, name));
      const vector = new Float32Array(length);
      cache.read(cache.keyOf(photos[0]!)!, new Uint8Array(vector.buffer));
      return cache.close().then(() => vector);
    };
    const [both, last] = [await read('taps', 960), await read('alone', 768)];
    expect(both.subarray(192)).toEqual(last);
    const { tf, stop } = await startBackend('wasm');
    const base = networks.mobilenet.build(tf, { height: 64, width: 64, alpha: 0.75, seed: 0 });
    assignWeights(tf, base, pretrained.weights, networks.mobilenet.top);
    const output = base.getLayer(taps[0]!).output as SymbolicTensor;
    const bytes = new Uint8Array(64 * 64 * 3);
    pixels.read(pixels.keyOf(photos[0]!)!, bytes);
    const expected = tf.tidy(() => {
      const x = tf.tensor4d(Float32Array.from(bytes), [1, 64, 64, 3]).div(127.5).sub(1);
      const inner = tf.model({ inputs: base.inputs, outputs: output });
      return (inner.predictOnBatch(x) as Tensor).mean([1, 2]).dataSync<'float32'>();
    });
    const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - both[at]!)), 0);
    expect(worst).toBeLessThan(1e-5);
    base.dispose();
    await stop();
  });

  it('keeps those of the mirror image after those of the photo', async () => {
    const path = join(folder.path, 'pixels-mirrored');
    const writer = await writeCache(path, identity);
    for (const sha256 of photos.slice(0, 3)) {
      const bytes = new Uint8Array(64 * 64 * 3);
      pixels.read(pixels.keyOf(sha256)!, bytes);
      const mirrored = (_: number, at: number) => {
        const [row, column, channel] = [Math.floor(at / 192), Math.floor((at % 192) / 3), at % 3];
        return bytes[192 * row + 3 * (63 - column) + channel]!;
      };
      await writer.put(sha256, Uint8Array.from(bytes, mirrored));
    }
    await writer.close();
    const vectorsOf = async (name: string, from: TensorCache, mirrored: boolean) => {
      const of = featureIdentity(pretrained, identity, { mirrored });
      await computeFeatures({
        parts: [{ path: join(folder.path, name), identity: of, pixels: from, photos: photos.slice(0, 3) }],
        folder: join(shared, WEIGHTS),
        backend: 'wasm',
        context: testContext({ workers: 1 }),
      });
      const cache = openCache(join(folder.path, name));
      const vectors = photos.slice(0, 3).map((sha256) => {
        const vector = new Float32Array(of.length);
        cache.read(cache.keyOf(sha256)!, new Uint8Array(vector.buffer));
        return vector;
      });
      return cache.close().then(() => vectors);
    };
    const flipped = openCache(path);
    const both = await vectorsOf('both', pixels, true);
    const plain = await vectorsOf('plain', pixels, false);
    const other = await vectorsOf('other', flipped, false);
    await flipped.close();
    for (const [at, vector] of both.entries()) {
      expect(vector).toEqual(Float32Array.of(...plain[at]!, ...other[at]!));
      expect(plain[at]).not.toEqual(other[at]);
    }
  });

  it('names a photo that is not in the pixel cache', async () => {
    await expect(compute('unknown', 1, ['f'.repeat(64)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('fails, and does not hang, when its threads cannot start', async () => {
    const broken = computeFeatures({
      parts: [{ path: join(folder.path, 'broken'), identity: features(), pixels, photos }],
      folder: join(folder.path, 'no-weights'),
      backend: 'wasm',
      context: testContext({ workers: 2 }),
    });
    // With the reason that the thread gave.
    await expect(broken).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.any(String) });
  });
});
