import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { FusedAdam } from '../../optimizers.js';
import type { TensorFlowBackend } from './load.js';

/** A variable of this name is nobody else's, and is freed with its handle (tensorflow/core/framework/resource_handle.h). */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/**
 * Adam in one pass over each variable, by TensorFlow's own kernel (`ResourceApplyAdam`), where TensorFlow.js makes a dozen.
 * Moments are TensorFlow's variables, which it changes in place.
 */
export const resourceAdam: FusedAdam = (tf, variables, { beta1, beta2, epsilon }) => {
  const backend = tf.backend() as unknown as TensorFlowBackend;
  const { binding } = backend;
  const type = (name: string) => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const dtype = [type('dtype')];
  const off = (name: string) => ({ name, type: binding.TF_ATTR_BOOL, value: false });
  const attributes = [type('T'), off('use_locking'), off('use_nesterov')];
  // The binding's outputs are tensors that TensorFlow.js counts; these outlive whatever tidy they are made in.
  const handleOf = ({ shape }: Variable) =>
    tf.keep(
      backend.executeSingleOutput(
        'VarHandleOp',
        [
          ...dtype,
          { name: 'shape', type: binding.TF_ATTR_SHAPE, value: shape },
          { name: 'container', type: binding.TF_ATTR_STRING, value: '' },
          { name: 'shared_name', type: binding.TF_ATTR_STRING, value: ANONYMOUS },
        ],
        [],
      ) as Tensor,
    );
  const assign = (handle: Tensor, value: Tensor) => {
    backend.executeMultipleOutputs('AssignVariableOp', dtype, [handle, value], 0);
  };
  const read = (handle: Tensor) => backend.executeSingleOutput('ReadVariableOp', dtype, [handle]) as Tensor;
  const slots = variables.map((variable) => {
    const [value, m, v] = [handleOf(variable), handleOf(variable), handleOf(variable)];
    const zero = tf.keep(tf.zeros(variable.shape));
    for (const moment of [m, v]) assign(moment, zero);
    return { variable, value, moments: [m, v], zero, last: undefined as object | undefined };
  });
  const constants = [beta1, beta2, epsilon].map((number) => tf.keep(tf.scalar(number)));
  return {
    apply(gradients, { step, learningRate }) {
      tf.tidy(() => {
        const ofStep = [beta1 ** step, beta2 ** step, learningRate].map((number) => tf.scalar(number));
        const scalars = [...ofStep, ...constants];
        for (const [index, slot] of slots.entries()) {
          const { variable, value, moments, zero } = slot;
          // Whoever has set the variable since the last step is heeded. No numbers are copied: TensorFlow changes them in
          // place if nobody else holds them, and for that long the variable is something else.
          if (variable.dataId !== slot.last) assign(value, variable);
          variable.assign(zero);
          const inputs = [value, ...moments, ...scalars, gradients[index]!];
          backend.executeMultipleOutputs('ResourceApplyAdam', attributes, inputs, 0);
          variable.assign(read(value));
          slot.last = variable.dataId;
        }
      });
    },
    moments: () =>
      Promise.all(
        slots.map(({ moments }) =>
          Promise.all(
            moments.map(async (moment) => {
              const tensor = read(moment);
              return (await tensor.data<'float32'>().finally(() => tensor.dispose())).slice();
            }),
          ),
        ),
      ),
    restore(saved) {
      for (const [index, { variable, moments }] of slots.entries()) {
        for (const [slot, moment] of moments.entries()) {
          tf.tidy(() => assign(moment, tf.tensor(saved[index]![slot]!, variable.shape)));
        }
      }
    },
    dispose() {
      for (const { value, moments, zero } of slots) tf.dispose([value, ...moments, zero]);
      tf.dispose(constants);
    },
  };
};
