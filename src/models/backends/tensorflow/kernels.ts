import type { GradConfig, KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs';
import { BATCH_NORM_GRADIENT, BATCH_NORM_TRAINING } from '../../batch-norm.js';
import { DENSE, DENSE_BIAS_GRADIENT } from '../../dense.js';
import { MEAN_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY } from '../../loss.js';
import type { Tf } from '../backend.js';
import type { Binding, TensorFlowBackend } from './load.js';

const BACKEND = 'tensorflow';

/**
 * Gives TensorFlow.js's kernels and gradients for what TensorFlow computes in one operation and TensorFlow.js in many:
 * batch norm in training and its gradient, the gradients of relu and relu6, Dense layers and their gradient, and cross-entropy
 * with its gradient. Once a thread.
 */
export function registerFusedKernels(tf: Tf): void {
  const kernels: KernelConfig[] = [
    batchNorm,
    batchNormGradient,
    reluGradient('Relu'),
    reluGradient('Relu6'),
    dense,
    denseBiasGradient,
    softmaxCrossEntropy,
    meanCrossEntropy,
  ];
  for (const kernel of kernels) tf.registerKernel(kernel);
  for (const name of ['Relu', 'Relu6'] as const) registerReluGradient(tf, name);
}

type Attribute = readonly [name: string, type: keyof Binding & `TF_ATTR_${string}`, value: unknown];

/** Runs an operation of TensorFlow by its name; gives as many outputs as it has. */
function execute(
  backend: TensorFlowBackend,
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly TensorInfo[],
  outputs: number,
): TensorInfo[] {
  const { binding } = backend;
  const own = attributes.map(([attribute, type, value]) => ({ name: attribute, type: binding[type], value }));
  return backend.executeMultipleOutputs(
    name,
    [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }, ...own],
    inputs,
    outputs,
  );
}

const normAttributes = (binding: Binding, epsilon: number): Attribute[] => [
  ['U', 'TF_ATTR_TYPE', binding.TF_FLOAT],
  ['epsilon', 'TF_ATTR_FLOAT', epsilon],
  ['data_format', 'TF_ATTR_STRING', 'NHWC'],
  ['is_training', 'TF_ATTR_BOOL', true],
];

const batchNorm: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING,
  backendName: BACKEND,
  kernelFunc({ inputs, attrs, backend: kernelBackend }) {
    const { x, scale, offset } = inputs as NamedTensorInfoMap;
    const backend = kernelBackend as TensorFlowBackend;
    const attributes = normAttributes(backend.binding, attrs!['epsilon'] as number);
    // In training it takes the averages of the batch: none are given.
    const none = {
      dataId: backend.write(new Float32Array(0), [0], 'float32'),
      shape: [0],
      dtype: 'float32' as const,
    };
    const outputs = execute(backend, 'FusedBatchNormV3', attributes, [x!, scale!, offset!, none, none], 6);
    backend.disposeData(none.dataId);
    return outputs;
  },
};

const batchNormGradient: KernelConfig = {
  kernelName: BATCH_NORM_GRADIENT,
  backendName: BACKEND,
  kernelFunc({ inputs, attrs, backend: kernelBackend }) {
    const { dy, x, scale, reserve1, reserve2, reserve3 } = inputs as NamedTensorInfoMap;
    const backend = kernelBackend as TensorFlowBackend;
    const attributes = normAttributes(backend.binding, attrs!['epsilon'] as number);
    const given = [dy!, x!, scale!, reserve1!, reserve2!, reserve3!];
    return execute(backend, 'FusedBatchNormGradV3', attributes, given, 5);
  },
};

const reluGradient = (name: 'Relu' | 'Relu6'): KernelConfig => ({
  kernelName: `${name}Grad`,
  backendName: BACKEND,
  kernelFunc({ inputs, backend }) {
    const { dy, y } = inputs as NamedTensorInfoMap;
    return execute(backend as TensorFlowBackend, `${name}Grad`, [], [dy!, y!], 1)[0]!;
  },
});

/**
 * Not `MatMul`: of transposed matrices, oneDNN's corrupts memory where a signal reaches the thread that computes. This one
 * does so too, but seldom. The process's own signals reach the main thread, where nothing is computed; `node --cpu-prof` sends
 * its to each: profile with `perf record`, which sends none.
 */
const PRODUCT = 'BatchMatMulV2';
const AS_THEY_ARE: readonly Attribute[] = [
  ['adj_x', 'TF_ATTR_BOOL', false],
  ['adj_y', 'TF_ATTR_BOOL', false],
];

const CHANNELS_LAST: readonly Attribute[] = [['data_format', 'TF_ATTR_STRING', 'NHWC']];

const dense: KernelConfig = {
  kernelName: DENSE,
  backendName: BACKEND,
  kernelFunc({ inputs, attrs, backend: kernelBackend }) {
    const { x, kernel, bias } = inputs as NamedTensorInfoMap;
    const backend = kernelBackend as TensorFlowBackend;
    const steps = execute(backend, PRODUCT, AS_THEY_ARE, [x!, kernel!], 1);
    steps.push(...execute(backend, 'BiasAdd', CHANNELS_LAST, [steps[0]!, bias!], 1));
    if (attrs!['relu']) steps.push(...execute(backend, 'Relu', [], [steps[1]!], 1));
    const output = steps.pop()!;
    for (const { dataId } of steps) backend.disposeData(dataId);
    return output;
  },
};

const denseBiasGradient: KernelConfig = {
  kernelName: DENSE_BIAS_GRADIENT,
  backendName: BACKEND,
  kernelFunc({ inputs, backend }) {
    const { dz } = inputs as NamedTensorInfoMap;
    return execute(backend as TensorFlowBackend, 'BiasAddGrad', CHANNELS_LAST, [dz!], 1)[0]!;
  },
};

function crossEntropies(backend: TensorFlowBackend, { logits, targets }: NamedTensorInfoMap): TensorInfo[] {
  return execute(backend, 'SoftmaxCrossEntropyWithLogits', [], [logits!, targets!], 2);
}

const softmaxCrossEntropy: KernelConfig = {
  kernelName: SOFTMAX_CROSS_ENTROPY,
  backendName: BACKEND,
  kernelFunc: ({ inputs, backend }) =>
    crossEntropies(backend as TensorFlowBackend, inputs as NamedTensorInfoMap),
};

const meanCrossEntropy: KernelConfig = {
  kernelName: MEAN_CROSS_ENTROPY,
  backendName: BACKEND,
  kernelFunc({ inputs, backend: kernelBackend }) {
    const backend = kernelBackend as TensorFlowBackend;
    const [losses, gradients] = crossEntropies(backend, inputs as NamedTensorInfoMap);
    const axes = {
      dataId: backend.write(Int32Array.of(0), [1], 'int32'),
      shape: [1],
      dtype: 'int32' as const,
    };
    const attributes: Attribute[] = [
      ['Tidx', 'TF_ATTR_TYPE', backend.binding.TF_INT32],
      ['keep_dims', 'TF_ATTR_BOOL', false],
    ];
    const [mean] = execute(backend, 'Mean', attributes, [losses!, axes], 1);
    for (const { dataId } of [losses!, axes]) backend.disposeData(dataId);
    return [mean!, gradients!];
  },
};

/** On this backend by its own kernel, from the output, which the next layer holds anyway; elsewhere as it was. */
function registerReluGradient(tf: Tf, name: 'Relu' | 'Relu6'): void {
  const own = tf.getGradient(name);
  const isOurs = () => tf.getBackend() === BACKEND;
  const gradient: GradConfig = {
    kernelName: name,
    // Read when an operation is recorded: the input need not be kept here.
    get inputsToSave() {
      return isOurs() ? [] : (own.inputsToSave ?? []);
    },
    get outputsToSave() {
      return isOurs() ? [true] : (own.outputsToSave ?? []);
    },
    gradFunc(dy, saved, attributes) {
      if (!isOurs()) return own.gradFunc(dy, saved, attributes);
      const inputs = { dy: dy as Tensor, y: saved[0]! };
      return { x: () => tf.engine().runKernel(`${name}Grad`, inputs) as Tensor };
    },
  };
  tf.registerGradient(gradient);
}
