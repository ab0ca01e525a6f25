import type { SymbolicTensor } from '@tensorflow/tfjs';
import { glorot, INPUT, type Network } from './network.js';

/** Filters of the blocks; each halves height and width, so that every block costs about the same. */
const BLOCKS = [16, 32, 64, 128] as const;

const filtersOf = (full: number, alpha: number) => Math.max(1, Math.round(full * alpha));

/** A few convolutions with relu and maximum pooling, for small images and training from scratch without a GPU. */
export const smallCnn: Network = {
  name: 'small-cnn',
  preprocessing: 'scale',
  featureLayer: `block${BLOCKS.length}_pool`,
  top: [],
  layers: BLOCKS.flatMap((_, index) => [`block${index + 1}_conv`, `block${index + 1}_pool`]),
  weighted: new Map(BLOCKS.map((_, index) => [`block${index + 1}_conv`, 'convolution'])),
  channelsOf: (layer, alpha) => filtersOf(BLOCKS[Number(/^block(\d)/.exec(layer)![1]) - 1]!, alpha),
  shapesOf: (alpha) =>
    new Map(
      BLOCKS.flatMap((full, index) => {
        const name = `block${index + 1}_conv`;
        const below = index === 0 ? 3 : filtersOf(BLOCKS[index - 1]!, alpha);
        const filters = filtersOf(full, alpha);
        return [
          [`${name}/kernel`, [3, 3, below, filters]],
          [`${name}/bias`, [filters]],
        ];
      }),
    ),
  alphaOf(shapes) {
    const filters = shapes.get(`block${BLOCKS.length}_conv/kernel`)?.at(-1);
    return filters === undefined ? 1 : filters / BLOCKS.at(-1)!;
  },
  build(tf, { height, width, alpha = 1, seed }) {
    const { layers } = tf;
    const input = tf.input({ shape: [height, width, 3], name: INPUT });
    let x: SymbolicTensor = input;
    for (const [index, full] of BLOCKS.entries()) {
      const block = `block${index + 1}`;
      const convolution = layers.conv2d({
        name: `${block}_conv`,
        filters: filtersOf(full, alpha),
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: glorot(tf, seed, `${block}_conv`),
      });
      // `same`, so that no image is too small for the last pool.
      const pool = layers.maxPooling2d({ name: `${block}_pool`, poolSize: 2, strides: 2, padding: 'same' });
      x = pool.apply(convolution.apply(x)) as SymbolicTensor;
    }
    return tf.model({ name: 'small-cnn', inputs: input, outputs: x });
  },
};
