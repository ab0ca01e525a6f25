import type { GradConfig, LayersModel, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs';
import type { Tf } from './backends/backend.js';

type Layer = LayersModel['layers'][number];

/**
 * Kernel of a backend that normalises a batch in one go: x [n, h, w, c], scale [c], offset [c] and `epsilon` give the
 * normalised x, the batch's mean and its unbiased variance [c], and three tensors that only the gradient reads.
 */
export const BATCH_NORM_TRAINING = 'BatchNormTraining';
/** Kernel of its gradient: dy, x, scale and those three give dx, dscale, doffset. */
export const BATCH_NORM_GRADIENT = 'BatchNormTrainingGrad';

/** The variables of tfjs-layers' `BatchNormalization`, which it does not type as public. */
interface BatchNormLayer {
  readonly gamma: LayerVariable;
  readonly beta: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

interface LayerVariable {
  read(): Variable;
  write(value: Tensor): unknown;
}

export function isBatchNorm(layer: Layer): boolean {
  return layer.getClassName() === 'BatchNormalization';
}

/**
 * A batch norm layer in training by the backend's own kernel, averages included; undefined where the backend has none
 * or the layer is of another kind. tfjs-layers itself takes it apart into a dozen passes over the batch, and keeps them
 * all for the gradient.
 */
export function trainBatchNorm(tf: Tf, layer: Layer, x: Tensor): Tensor | undefined {
  if (!isBatchNorm(layer) || x.rank !== 4) return undefined;
  if (!tf.getKernel(BATCH_NORM_TRAINING, tf.getBackend())) return undefined;
  const { axis, center, scale, epsilon, momentum } = layer.getConfig() as Record<string, number>;
  if (!center || (axis !== -1 && axis !== 3)) return undefined;
  if (!tf.getGradient(BATCH_NORM_TRAINING)) tf.registerGradient(gradient(tf));
  const { gamma, beta, movingMean, movingVariance } = layer as unknown as BatchNormLayer;
  return tf.tidy(() => {
    const scaling = scale ? (gamma.read() as Tensor) : tf.ones([x.shape[3]!]);
    const inputs = { x, scale: scaling, offset: beta.read() as Tensor };
    const [y, mean, variance] = tf.engine().runKernel(BATCH_NORM_TRAINING, inputs, { epsilon: epsilon! }) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    // Keras averages the variance as it normalises with it: biased.
    const rows = x.size / x.shape[3]!;
    average(movingMean, mean, momentum!);
    average(movingVariance, variance.mul(1 - 1 / rows), momentum!);
    return y;
  });
}

/**
 * A batch norm layer without scale in a gradient's computation, averages included where it is trained; undefined of
 * other layers. tfjs-layers cannot train such a one, and the gradient of its inference mode cannot do without a scale.
 */
export function unscaledBatchNorm(tf: Tf, layer: Layer, x: Tensor, trained: boolean): Tensor | undefined {
  if (!isBatchNorm(layer)) return undefined;
  const { center, scale, epsilon, momentum } = layer.getConfig() as Record<string, number>;
  if (scale || !center) return undefined;
  const { beta, movingMean, movingVariance } = layer as unknown as BatchNormLayer;
  return tf.tidy(() => {
    const ones = tf.ones(beta.read().shape);
    const normalised = (mean: Tensor, variance: Tensor) =>
      tf.batchNorm(
        x,
        mean as Tensor1D,
        variance as Tensor1D,
        beta.read() as Tensor1D,
        ones as Tensor1D,
        epsilon,
      );
    if (!trained) return normalised(movingMean.read(), movingVariance.read());
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    average(movingMean, mean, momentum!);
    average(movingVariance, variance, momentum!);
    return normalised(mean, variance);
  });
}

function average(variable: LayerVariable, value: Tensor, momentum: number): void {
  const old = variable.read();
  variable.write(old.sub(old.sub(value).mul(1 - momentum)));
}

const gradient = (tf: Tf): GradConfig => ({
  kernelName: BATCH_NORM_TRAINING,
  inputsToSave: ['x', 'scale'],
  outputsToSave: [false, false, false, true, true, true],
  gradFunc(dys, saved, attributes) {
    const [x, scale, reserve1, reserve2, reserve3] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const dy = (dys as Tensor[])[0]!;
    const inputs = { dy, x, scale, reserve1, reserve2, reserve3 };
    const [dx, dscale, doffset] = tf.engine().runKernel(BATCH_NORM_GRADIENT, inputs, attributes) as Tensor[];
    // The engine would keep them until the whole step's gradients are there. Nobody else reads them: a layer's output
    // is no variable, and gradients of gradients are not taken here.
    tf.dispose([dys as Tensor[], saved]);
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});
