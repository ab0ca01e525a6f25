import type { SymbolicTensor } from '@tensorflow/tfjs';
import { batchNormShapes, CLASSES, glorot, INPUT, type Network, stacked } from './network.js';

/** Channels and stride of the thirteen depthwise-separable blocks. */
const BLOCKS: readonly (readonly [channels: number, stride: 1 | 2])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/** Channels of the first convolution. */
const FIRST = 32;

const channels = (full: number, alpha: number) => Math.floor(full * alpha);

/**
 * MobileNet v1 (Howard et al. 2017) with the names, shapes and padding of `keras.applications`: strided depthwise
 * convolutions pad below and to the right and are then `valid`.
 */
export const mobilenet: Network = {
  name: 'mobilenet',
  preprocessing: 'tf',
  featureLayer: 'conv_pw_13_relu',
  top: ['conv_preds'],
  layers: [
    ...normalisedNames('conv1'),
    ...BLOCKS.flatMap(([, stride], index) => [
      ...(stride === 2 ? [`conv_pad_${index + 1}`] : []),
      ...normalisedNames(`conv_dw_${index + 1}`),
      ...normalisedNames(`conv_pw_${index + 1}`),
    ]),
  ],
  weighted: new Map(
    ['conv1', ...BLOCKS.flatMap((_, index) => [`conv_dw_${index + 1}`, `conv_pw_${index + 1}`])].flatMap(
      (name) => [
        [name, name.startsWith('conv_dw') ? 'depthwise convolution' : 'convolution'],
        [`${name}_bn`, 'batch norm'],
      ],
    ),
  ),
  channelsOf(layer, alpha) {
    // A block reads what the one before it gives; the first convolution stands before the first block.
    const [, part, block] = /^conv_(pad|dw|pw)_(\d+)/.exec(layer) ?? [undefined, 'pw', '0'];
    const full = BLOCKS[Number(block) - (part === 'pw' ? 1 : 2)]?.[0] ?? FIRST;
    return channels(full, alpha);
  },
  shapesOf(alpha) {
    const normalised = (name: string, variable: string, kernel: number[], given: number) => [
      [`${name}/${variable}`, kernel] as const,
      ...batchNormShapes(`${name}_bn`, given),
    ];
    const first = channels(FIRST, alpha);
    return new Map([
      ...normalised('conv1', 'kernel', [3, 3, 3, first], first),
      ...BLOCKS.flatMap(([full], index) => {
        const below = channels(BLOCKS[index - 1]?.[0] ?? FIRST, alpha);
        const given = channels(full, alpha);
        return [
          ...normalised(`conv_dw_${index + 1}`, 'depthwise_kernel', [3, 3, below, 1], below),
          ...normalised(`conv_pw_${index + 1}`, 'kernel', [1, 1, below, given], given),
        ];
      }),
    ]);
  },
  alphaOf(shapes) {
    // Exact enough for every layer: ⌊⌊1024 α⌋ / 2ⁿ⌋ = ⌊1024 α / 2ⁿ⌋.
    const last = shapes.get('conv_pw_13/kernel')?.at(-1);
    return last === undefined ? 1 : last / 1024;
  },
  build(tf, { height, width, alpha = 1, top = false, seed }) {
    const { layers } = tf;
    const input = tf.input({ shape: [height, width, 3], name: INPUT });
    const normalised = (name: string, x: SymbolicTensor) => {
      const bn = layers.batchNormalization({ name: `${name}_bn`, momentum: 0.99, epsilon: 1e-3 });
      return layers.reLU({ name: `${name}_relu`, maxValue: 6 }).apply(bn.apply(x)) as SymbolicTensor;
    };
    const convolution = (name: string, filters: number, kernelSize: number, strides: number) =>
      layers.conv2d({
        name,
        filters,
        kernelSize,
        strides,
        padding: 'same',
        useBias: false,
        kernelInitializer: glorot(tf, seed, name),
      });
    let x = normalised(
      'conv1',
      convolution('conv1', channels(FIRST, alpha), 3, 2).apply(input) as SymbolicTensor,
    );
    for (const [index, [filters, strides]] of BLOCKS.entries()) {
      const id = index + 1;
      if (strides === 2) {
        const padding: [[number, number], [number, number]] = [
          [0, 1],
          [0, 1],
        ];
        x = layers.zeroPadding2d({ name: `conv_pad_${id}`, padding }).apply(x) as SymbolicTensor;
      }
      const depthwise = layers.depthwiseConv2d({
        name: `conv_dw_${id}`,
        kernelSize: 3,
        strides,
        padding: strides === 1 ? 'same' : 'valid',
        useBias: false,
        depthwiseInitializer: glorot(tf, seed, `conv_dw_${id}`),
      });
      x = normalised(`conv_dw_${id}`, depthwise.apply(x) as SymbolicTensor);
      const pointwise = convolution(`conv_pw_${id}`, channels(filters, alpha), 1, 1);
      x = normalised(`conv_pw_${id}`, pointwise.apply(x) as SymbolicTensor);
    }
    if (top) {
      x = stacked(x, [
        // Keras's global average keeps the dimensions, TensorFlow.js's does not.
        layers.averagePooling2d({
          name: 'global_average_pooling2d',
          poolSize: x.shape.slice(1, 3) as [number, number],
        }),
        layers.dropout({ name: 'dropout', rate: 1e-3 }),
        layers.conv2d({
          name: 'conv_preds',
          filters: CLASSES,
          kernelSize: 1,
          padding: 'same',
          kernelInitializer: glorot(tf, seed, 'conv_preds'),
        }),
        layers.reshape({ name: 'reshape_2', targetShape: [CLASSES] }),
        layers.activation({ name: 'predictions', activation: 'softmax' }),
      ]);
    }
    return tf.model({ name: 'mobilenet', inputs: input, outputs: x });
  },
};

/** A convolution with the batch norm and the relu after it. */
function normalisedNames(name: string): string[] {
  return [name, `${name}_bn`, `${name}_relu`];
}
