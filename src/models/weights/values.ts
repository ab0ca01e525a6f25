import type { LayersModel, Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../backends/backend.js';
import { modelWeights } from './named.js';

/** The values of a model's weights, in the order of its layers. */
export function snapshot(model: LayersModel): Promise<Float32Array[]> {
  const values = async (tensor: Tensor) => (await tensor.data<'float32'>()).slice();
  return Promise.all(modelWeights(model).map(({ variable }) => values(variable.read())));
}

/** Writes values that `snapshot` gave. */
export function restore(tf: Tf, model: LayersModel, weights: readonly Float32Array[]): void {
  for (const [index, { variable }] of modelWeights(model).entries()) {
    tf.tidy(() =>
      (variable.read() as Variable).assign(tf.tensor(weights[index]!, variable.shape as number[])),
    );
  }
}
