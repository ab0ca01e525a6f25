import { type GraphBuilder, graphBuilder, graphNetwork } from './graph.js';
import { INPUT } from './network.js';

/** Filters, blocks and stride of the four stacks, conv2 to conv5. */
const STACKS: readonly (readonly [filters: number, blocks: number, stride: 1 | 2])[] = [
  [64, 3, 1],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 2],
];
/** A block gives so many times the filters that it works with. */
const EXPANSION = 4;
const EPSILON = 1.001e-5;

function declare(): GraphBuilder {
  const graph = graphBuilder();
  const normalised = (name: string, from: string) =>
    graph.batchNorm(`${name}_bn`, from, { epsilon: EPSILON });
  const convolved = (
    name: string,
    from: string,
    options: { filters: number; kernel: number; strides?: number; padding: 'same' | 'valid' },
  ) => normalised(name, graph.convolution(`${name}_conv`, from, { ...options, bias: true }));
  const block = (name: string, from: string, filters: number, strides: number | undefined) => {
    const wide = { filters: EXPANSION * filters, kernel: 1, padding: 'valid' } as const;
    const shortcut = strides === undefined ? from : convolved(`${name}_0`, from, { ...wide, strides });
    const first = convolved(`${name}_1`, from, {
      filters,
      kernel: 1,
      padding: 'valid',
      ...(strides !== undefined && { strides }),
    });
    const second = convolved(`${name}_2`, graph.relu(`${name}_1_relu`, first), {
      filters,
      kernel: 3,
      padding: 'same',
    });
    const third = convolved(`${name}_3`, graph.relu(`${name}_2_relu`, second), wide);
    return graph.relu(`${name}_out`, graph.add(`${name}_add`, [shortcut, third]));
  };
  const stem = { filters: 64, kernel: 7, strides: 2, padding: 'valid' } as const;
  const first = graph.relu('conv1_relu', convolved('conv1', graph.pad('conv1_pad', INPUT, 3), stem));
  let x = graph.pool('pool1_pool', graph.pad('pool1_pad', first, 1), {
    kind: 'max',
    strides: 2,
    padding: 'valid',
  });
  for (const [index, [filters, blocks, strides]] of STACKS.entries()) {
    for (let number = 1; number <= blocks; number++) {
      x = block(`conv${index + 2}_block${number}`, x, filters, number === 1 ? strides : undefined);
    }
  }
  return graph;
}

/**
 * ResNet50, version 1 (He et al. 2015), with the names, shapes and padding of `keras.applications`: a block's stride is in
 * its first convolution, convolutions have a bias.
 */
export const resnet50 = graphNetwork({
  name: 'resnet50',
  preprocessing: 'caffe',
  top: ['predictions'],
  layers: declare().layers,
});
