import { type GraphBuilder, graphBuilder, graphNetwork } from './graph.js';
import { INPUT } from './network.js';

type Kernel = readonly [height: number, width: number];
/** One of a row of convolutions: filters, kernel, and of strided ones the stride. */
type Step = readonly [filters: number, kernel: Kernel, strides?: 2];

/** As Keras names layers that are given no name: `conv2d`, `conv2d_1`, …. */
function numbered(): (kind: string) => string {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return count === 0 ? kind : `${kind}_${count}`;
  };
}

function declare(): GraphBuilder {
  const graph = graphBuilder();
  const name = numbered();
  const convolved = (from: string, filters: number, kernel: Kernel, strided?: 'strided' | 'valid') => {
    const options = {
      filters,
      kernel: [...kernel] as [number, number],
      ...(strided === 'strided' && { strides: 2 }),
      padding: strided === undefined ? 'same' : 'valid',
    } as const;
    const convolution = graph.convolution(name('conv2d'), from, options);
    const normalised = graph.batchNorm(name('batch_normalization'), convolution, {
      epsilon: 1e-3,
      scale: false,
    });
    return graph.relu(name('activation'), normalised);
  };
  /** Convolutions one after the other. */
  const row = (from: string, ...steps: readonly Step[]) =>
    steps.reduce(
      (x, [filters, kernel, strides]) => convolved(x, filters, kernel, strides && 'strided'),
      from,
    );
  const maximum = (from: string) =>
    graph.pool(name('max_pooling2d'), from, { kind: 'max', strides: 2, padding: 'valid' });
  const averaged = (from: string, filters: number) => {
    const pool = { kind: 'average', strides: 1, padding: 'same' } as const;
    return convolved(graph.pool(name('average_pooling2d'), from, pool), filters, [1, 1]);
  };

  let x = convolved(INPUT, 32, [3, 3], 'strided');
  x = convolved(x, 32, [3, 3], 'valid');
  x = maximum(convolved(x, 64, [3, 3]));
  x = convolved(x, 80, [1, 1], 'valid');
  x = maximum(convolved(x, 192, [3, 3], 'valid'));
  for (const [index, pooled] of [32, 64, 64].entries()) {
    const narrow = row(x, [64, [1, 1]]);
    const wide = row(x, [48, [1, 1]], [64, [5, 5]]);
    const twice = row(x, [64, [1, 1]], [96, [3, 3]], [96, [3, 3]]);
    x = graph.concatenate(`mixed${index}`, [narrow, wide, twice, averaged(x, pooled)]);
  }
  {
    const once = row(x, [384, [3, 3], 2]);
    const twice = row(x, [64, [1, 1]], [96, [3, 3]], [96, [3, 3], 2]);
    x = graph.concatenate('mixed3', [once, twice, maximum(x)]);
  }
  for (const [index, filters] of [128, 160, 160, 192].entries()) {
    const narrow = row(x, [192, [1, 1]]);
    const once = row(x, [filters, [1, 1]], [filters, [1, 7]], [192, [7, 1]]);
    const twice = row(
      x,
      [filters, [1, 1]],
      [filters, [7, 1]],
      [filters, [1, 7]],
      [filters, [7, 1]],
      [192, [1, 7]],
    );
    x = graph.concatenate(`mixed${4 + index}`, [narrow, once, twice, averaged(x, 192)]);
  }
  {
    const once = row(x, [192, [1, 1]], [320, [3, 3], 2]);
    const far = row(x, [192, [1, 1]], [192, [1, 7]], [192, [7, 1]], [192, [3, 3], 2]);
    x = graph.concatenate('mixed8', [once, far, maximum(x)]);
  }
  for (const index of [0, 1]) {
    const narrow = row(x, [320, [1, 1]]);
    const split = (from: string) => [row(from, [384, [1, 3]]), row(from, [384, [3, 1]])];
    const once = graph.concatenate(`mixed9_${index}`, split(row(x, [384, [1, 1]])));
    const twice = graph.concatenate(name('concatenate'), split(row(x, [448, [1, 1]], [384, [3, 3]])));
    x = graph.concatenate(`mixed${9 + index}`, [narrow, once, twice, averaged(x, 192)]);
  }
  return graph;
}

/**
 * InceptionV3 (Szegedy et al. 2015) with the names, shapes and padding of `keras.applications`; its batch norms have no
 * scale. Height and width are at least 75.
 */
export const inceptionV3 = graphNetwork({
  name: 'inception_v3',
  preprocessing: 'tf',
  top: ['predictions'],
  layers: declare().layers,
});
