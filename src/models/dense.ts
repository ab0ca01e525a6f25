import type { GradConfig, LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

type Layer = LayersModel['layers'][number];

/**
 * Kernel of a backend that computes a Dense layer without reshaping: x [n, in], kernel [in, out], bias [out] and
 * `relu`, a boolean, give [n, out].
 */
export const DENSE = 'Dense';

/** Kernel of such a backend: the gradient of the bias, [out], from that of what is before the activation, dz [n, out]. */
export const DENSE_BIAS_GRADIENT = 'DenseBiasGrad';

/**
 * A Dense layer, of no or of relu activation, by the backend's own kernel; undefined where the backend has none or the
 * layer is of another kind. tfjs-layers makes ten operations of it, and in training computes what it would pass below even
 * where all below is frozen.
 */
export function denseAlone(tf: Tf, layer: Layer, x: Tensor): Tensor | undefined {
  if (x.rank !== 2) return undefined;
  if (!tf.getKernel(DENSE, tf.getBackend())) return undefined;
  if (!isPlainDense(layer)) return undefined;
  const { activation } = layer.getConfig() as { activation: string };
  if (!tf.getGradient(DENSE)) tf.registerGradient(gradient(tf));
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  const inputs = { x, kernel: kernel!, bias: bias! };
  return tf.engine().runKernel(DENSE, inputs, { relu: activation === 'relu' }) as Tensor;
}

/** Whether a layer is a Dense layer with a bias, and of no or of relu activation: what the kernel computes. */
export function isPlainDense(layer: Layer): boolean {
  if (layer.getClassName() !== 'Dense') return false;
  const { activation, useBias } = layer.getConfig() as { activation: string; useBias: boolean };
  return useBias && (activation === 'linear' || activation === 'relu');
}

const gradient = (tf: Tf): GradConfig => ({
  kernelName: DENSE,
  inputsToSave: ['x', 'kernel'],
  outputsToSave: [true],
  gradFunc(dy, saved, attributes) {
    const [x, kernel, y] = saved as [Tensor, Tensor, Tensor];
    const relu = attributes['relu'] as unknown as boolean;
    const inputs = { dy: dy as Tensor, y };
    const dz = relu ? (tf.engine().runKernel('ReluGrad', inputs) as Tensor) : (dy as Tensor);
    return {
      x: () => dz.matMul(kernel, false, true),
      kernel: () => x.matMul(dz, true, false),
      bias: () => tf.engine().runKernel(DENSE_BIAS_GRADIENT, { dz }) as Tensor,
    };
  },
});
