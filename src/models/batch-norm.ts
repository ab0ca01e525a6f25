import type { GradConfig, LayersModel, Rank, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs';
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

/**
 * A batch norm layer in training, averages included, where tfjs-layers is not up to it: by the backend's own kernel where
 * it has one, for tfjs-layers takes it apart into a dozen passes over the batch and keeps them all for the gradient; and
 * where the layer has no scale, for then tfjs-layers throws. Undefined for any other layer.
 */
export function trainBatchNorm(tf: Tf, layer: Layer, x: Tensor): Tensor | undefined {
  if (layer.getClassName() !== 'BatchNormalization' || x.rank !== 4) return undefined;
  const hasKernel = tf.getKernel(BATCH_NORM_TRAINING, tf.getBackend()) != null;
  const { axis, center, scale, epsilon, momentum } = layer.getConfig() as Record<string, number>;
  if (!center || (axis !== -1 && axis !== 3) || (scale && !hasKernel)) return undefined;
  if (hasKernel && !tf.getGradient(BATCH_NORM_TRAINING)) tf.registerGradient(gradient(tf));
  const { gamma, beta, movingMean, movingVariance } = layer as unknown as BatchNormLayer;
  return tf.tidy(() => {
    const offset = beta.read() as Tensor1D;
    const scaling = scale ? (gamma.read() as Tensor1D) : tf.ones<Rank.R1>([x.shape[3]!]);
    if (!hasKernel) {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      average(movingMean, mean, momentum!);
      average(movingVariance, variance, momentum!);
      return tf.batchNorm(x, mean as Tensor1D, variance as Tensor1D, offset, scaling, epsilon);
    }
    const inputs = { x, scale: scaling, offset };
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
