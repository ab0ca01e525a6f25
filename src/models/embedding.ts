import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { Tf } from './backends/backend.js';
import { cutModel, type Outputs } from './cut.js';
import { keyOf } from './features.js';
import { createFeed } from './feed.js';
import { belowHeads, logitsLayers, sourcesOf } from './heads.js';
import { loadModel } from './model-folder.js';

const BATCH = 32;

/**
 * The layers whose outputs, one behind the other, are a photo's embedding: the pools that the head of the classes reads.
 * All lie below the cut that `belowHeads` makes.
 */
export function embeddingLayers(model: LayersModel): string[] {
  let layers = [logitsLayers(model).at(-1)!];
  while (!layers.every((layer) => layer.getClassName() === 'GlobalAveragePooling2D')) {
    layers = layers.flatMap(sourcesOf);
  }
  return layers.map(({ name }) => name);
}

/** Embeddings of a batch, [batch, width], from what lies below the heads; call it in a tidy. */
export function embeddingOf(tf: Tf, layers: readonly string[], outputs: Outputs): Tensor {
  return tf.concat(
    layers.map((name) => outputs.get(name)!),
    1,
  );
}

/**
 * The embeddings that a saved model has of photos: what its head reads, not scaled; where it predicts by a photo and its
 * mirror image, the mean of both's.
 * @param options.cache pixels, or the features that the model's frozen base gives.
 * @param options.photos sha256 of their bytes, all in the cache.
 * @returns [photos × width], row-major.
 * @throws {PipelineError} `NOT_FOUND`, `MODEL_INVALID`, `ABORTED`.
 */
export async function embedPhotos(options: {
  tf: Tf;
  folder: string;
  cache: TensorCache;
  photos: readonly string[];
  signal: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}): Promise<{ embeddings: Float32Array; width: number }> {
  const { tf, folder, cache, photos, signal, onProgress } = options;
  const { model, metadata } = await loadModel(tf, folder);
  const feed = createFeed(tf, cache, metadata.input.preprocessing);
  const cut = cutModel(tf, model, belowHeads(model));
  try {
    const layers = embeddingLayers(model);
    const samples = photos.map((sha256) => ({ key: keyOf(cache, sha256), label: 0 }));
    let embeddings = new Float32Array(0);
    let width = 0;
    let done = 0;
    for await (const batch of feed.batches(samples, { batchSize: BATCH, signal })) {
      const vectors = tf.tidy(() => {
        const plain = embeddingOf(tf, layers, feed.outputs(cut, batch));
        if (!metadata.mirror) return plain;
        return plain.add(embeddingOf(tf, layers, feed.outputs(cut, batch, true))).div(2);
      });
      const values = await vectors.data<'float32'>().finally(() => vectors.dispose());
      if (done === 0) {
        width = values.length / batch.size;
        embeddings = new Float32Array(width * photos.length);
      }
      embeddings.set(values, width * done);
      done += batch.size;
      onProgress?.(done, photos.length);
    }
    return { embeddings, width };
  } finally {
    await feed.close();
    cut.dispose();
    model.dispose();
  }
}
