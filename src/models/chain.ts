import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';
import { type Cut, dropoutScales, type Outputs } from './cut.js';
import { DENSE, DENSE_BIAS_GRADIENT, denseAlone, isPlainDense } from './dense.js';
import { sourcesOf } from './heads.js';
import { MEAN_CROSS_ENTROPY, meanCrossEntropy, type Targets, targetsOf } from './loss.js';

type Layer = Cut['layers'][number];

/** A layer's part in a step: what it gave, and its gradients from that of what it gave. */
interface Link {
  output: Tensor;
  /** @param below whether what lies below is trained, too. */
  back(dy: Tensor, below: boolean): { dx: Tensor | undefined; gradients: Tensor[] };
}

/**
 * The loss of a batch, its logits and its gradients by the cut's variables, in their order, where what is trained is a chain of
 * Dense layers with dropout between them and the backend has kernels for these; undefined elsewhere. The chain rule is
 * written out, to the very same operations: of so small a network TensorFlow.js's tape costs more than the arithmetic. Call it
 * in a tidy.
 */
export function chainStep(
  tf: Tf,
  cut: Cut,
  outputs: Outputs,
  targets: Targets,
  dropoutSeed: number,
): { loss: Scalar; logits: Tensor2D; gradients: Tensor[] } | undefined {
  if (!isChain(tf, cut)) return undefined;
  const { layers } = cut;
  const links: Link[] = [];
  const read = sourcesOf(layers[0]!).map(({ name }) => outputs.get(name)!);
  let output = read[0]!;
  for (const [index, layer] of layers.entries()) {
    if (layer.getClassName() === 'Concatenate') {
      output = layer.apply(read) as Tensor;
      continue;
    }
    const link =
      layer.getClassName() === 'Dropout'
        ? dropoutLink(tf, layer, output, dropoutSeed + index)
        : denseLink(tf, layer, output);
    links.push(link);
    output = link.output;
  }
  const logits = output as Tensor2D;
  const { loss, gradient } = meanCrossEntropy(tf, logits, targetsOf(tf, logits.shape[1], targets))!;
  const gradients: Tensor[][] = [];
  let dy: Tensor = gradient;
  for (const [index, link] of [...links.entries()].reverse()) {
    const { dx, gradients: own } = link.back(dy, index > 0);
    gradients.unshift(own);
    if (dx !== undefined) dy = dx;
  }
  return { loss, logits, gradients: gradients.flat() };
}

const known = new WeakMap<Cut, boolean>();

/**
 * Whether the gradients of what a cut trains can be written out: Dense layers one on the other, with dropout between, on one
 * input or on several put together. It is found out once a cut: every step asks.
 */
export function isChain(tf: Tf, cut: Cut): boolean {
  const found = known.get(cut) ?? areChained(tf, cut.layers);
  known.set(cut, found);
  return found;
}

function areChained(tf: Tf, layers: readonly Layer[]): boolean {
  const has = (kernel: string) => tf.getKernel(kernel, tf.getBackend()) !== undefined;
  return (
    has(DENSE) &&
    has(MEAN_CROSS_ENTROPY) &&
    layers.at(-1)?.getClassName() === 'Dense' &&
    layers.every((layer, index) => {
      switch (layer.getClassName()) {
        case 'Dropout':
          return true;
        case 'Concatenate':
          return index === 0;
        default:
          return isPlainDense(layer);
      }
    }) &&
    // Of several outputs, or of a layer that two read, the chain rule adds up.
    layers.slice(1).every((layer, index) => {
      const sources = sourcesOf(layer);
      return sources.length === 1 && sources[0] === layers[index];
    })
  );
}

function denseLink(tf: Tf, layer: Layer, x: Tensor): Link {
  const output = denseAlone(tf, layer, x)!;
  const { activation } = layer.getConfig() as { activation: string };
  const kernel = layer.weights[0]!.read();
  return {
    output,
    back(dy, below) {
      const dz =
        activation === 'relu' ? (tf.engine().runKernel('ReluGrad', { dy, y: output }) as Tensor) : dy;
      return {
        dx: below ? dz.matMul(kernel, false, true) : undefined,
        gradients: [x.matMul(dz, true, false), tf.engine().runKernel(DENSE_BIAS_GRADIENT, { dz }) as Tensor],
      };
    },
  };
}

function dropoutLink(tf: Tf, layer: Layer, x: Tensor, seed: number): Link {
  const { rate } = layer.getConfig() as { rate: number };
  const scales = dropoutScales(tf, x.shape, rate, seed);
  return { output: x.mul(scales), back: (dy) => ({ dx: dy.mul(scales), gradients: [] }) };
}
