import type { SymbolicTensor } from '@tensorflow/tfjs';
import { CLASSES, dense, glorot, INPUT, type Network, stacked } from './network.js';

/** Filters and number of the convolutions of the five blocks; each block ends in a pool that halves height and width. */
const BLOCKS: readonly (readonly [filters: number, convolutions: 2 | 3])[] = [
  [64, 2],
  [128, 2],
  [256, 3],
  [512, 3],
  [512, 3],
];

/** Convolutions in order, with the channels that they read and give. */
const CONVOLUTIONS = BLOCKS.flatMap(([filters, convolutions], block) =>
  Array.from({ length: convolutions }, (_, index) => ({
    name: `block${block + 1}_conv${index + 1}`,
    inputs: index > 0 ? filters : (BLOCKS[block - 1]?.[0] ?? 3),
    filters,
  })),
);

const convolutionsOf = (block: number) =>
  CONVOLUTIONS.filter(({ name }) => name.startsWith(`block${block + 1}_`));

/**
 * VGG16 (Simonyan & Zisserman 2014, configuration D) with the names, shapes and padding of `keras.applications`. It
 * has no width multiplier: `alpha` is always 1. Height and width are at least 32: the pools leave out odd borders.
 */
export const vgg16: Network = {
  name: 'vgg16',
  preprocessing: 'caffe',
  featureLayer: 'block5_pool',
  top: ['fc1', 'fc2', 'predictions'],
  layers: BLOCKS.flatMap((_, index) => [
    ...convolutionsOf(index).map(({ name }) => name),
    `block${index + 1}_pool`,
  ]),
  weighted: new Map(CONVOLUTIONS.map(({ name }) => [name, 'convolution'])),
  channelsOf: (layer) => BLOCKS[Number(/^block(\d)/.exec(layer)![1]) - 1]![0],
  shapesOf: () =>
    new Map(
      CONVOLUTIONS.flatMap(({ name, inputs, filters }) => [
        [`${name}/kernel`, [3, 3, inputs, filters]],
        [`${name}/bias`, [filters]],
      ]),
    ),
  alphaOf: () => 1,
  build(tf, { height, width, top = false, seed }) {
    const { layers } = tf;
    const input = tf.input({ shape: [height, width, 3], name: INPUT });
    let x: SymbolicTensor = input;
    for (const [index] of BLOCKS.entries()) {
      const block = `block${index + 1}`;
      for (const { name, filters } of convolutionsOf(index)) {
        const convolution = layers.conv2d({
          name,
          filters,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          kernelInitializer: glorot(tf, seed, name),
        });
        x = convolution.apply(x) as SymbolicTensor;
      }
      x = layers.maxPooling2d({ name: `${block}_pool`, poolSize: 2, strides: 2 }).apply(x) as SymbolicTensor;
    }
    if (top) {
      x = stacked(x, [
        layers.flatten({ name: 'flatten' }),
        dense(tf, seed, 'fc1', 4096, 'relu'),
        dense(tf, seed, 'fc2', 4096, 'relu'),
        dense(tf, seed, 'predictions', CLASSES, 'softmax'),
      ]);
    }
    return tf.model({ name: 'vgg16', inputs: input, outputs: x });
  },
};
