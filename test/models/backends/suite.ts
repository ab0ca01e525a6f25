import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendName, StartedBackend, StartOptions, Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { golden, hasShared, unit } from '../goldens.js';
import { bcnnGoldens } from './bcnn-goldens.js';
import { gradCamSuite } from './grad-cam.js';
import { expectClose, valuesOf } from './on.js';
import { trainingGoldens } from './training-goldens.js';

interface Case {
  op: string;
  inputs: { shape: number[]; values: number[] }[];
  output: { shape: number[]; values: number[] };
  gradients: number[][];
}

/** The computation that a golden's name describes. */
function operation(tf: Tf, op: string): ((...inputs: Tensor[]) => Tensor) | undefined {
  const words = /^(conv2d|depthwise|maxpool|avgpool) (?:kernel )?(\d) stride (\d) (same|valid)/.exec(op);
  if (words) {
    const [size, stride] = [Number(words[2]), Number(words[3])];
    const pad = words[4] as 'same' | 'valid';
    const kinds: Record<string, (x: Tensor4D, w: Tensor4D) => Tensor> = {
      conv2d: (x, w) => tf.conv2d(x, w, stride, pad),
      depthwise: (x, w) => tf.depthwiseConv2d(x, w, stride, pad),
      maxpool: (x) => tf.maxPool(x, size, stride, pad),
      avgpool: (x) => tf.avgPool(x, size, stride, pad),
    };
    return (x, w) => kinds[words[1]!]!(x as Tensor4D, w as Tensor4D);
  }
  const others: Record<string, (...inputs: Tensor[]) => Tensor> = {
    'batch norm, training, epsilon 1e-3': (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x!, [0, 1, 2]);
      return tf.batchNorm(
        x!,
        mean as Tensor1D,
        variance as Tensor1D,
        beta as Tensor1D,
        gamma as Tensor1D,
        1e-3,
      );
    },
    dense: (x, w, b) => tf.matMul(x as Tensor2D, w as Tensor2D).add(b!),
    'global average pooling': (x) => x!.mean([1, 2]),
    'concat channels': (a, b) => tf.concat([a!, b!], -1),
    // Its golden spreads the input over both corners.
    relu6: (x) => tf.relu6(x!.mul(8)),
    'l2 normalise': (x) => x!.div(x!.square().sum(-1, true).sqrt()),
  };
  return others[op];
}

/**
 * What every backend that trains must get right: values and gradients of the networks' operations, and five steps of
 * training by each optimiser, against float64 TensorFlow's and Keras's.
 * @param prepare called once the backend has started.
 */
export function backendSuite(
  name: BackendName,
  prepare: (tf: Tf) => void = () => {},
  options: StartOptions = {},
): void {
  let started: StartedBackend;
  let tf: Tf;
  beforeAll(async () => {
    started = await startBackend(name, options);
    tf = started.tf;
    prepare(tf);
  });
  afterAll(() => started?.stop());

  const cases = hasShared('goldens/gradients.json.gz')
    ? golden<{ cases: Case[] }>('gradients.json.gz').cases
    : [];
  describe.skipIf(cases.length === 0)("TensorFlow's gradients", () => {
    it.each(cases.map((one) => [one.op, one] as const))(
      'of %s',
      async (op, { inputs, output, gradients }) => {
        const f = operation(tf, op);
        // Not a layer's: the loss has its own test, and photos are resized before they become tensors.
        if (f === undefined) {
          expect(op).toMatch(/cross-entropy|resize/);
          return;
        }
        const results = await valuesOf(tf, () => {
          const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape));
          const { length } = output.values;
          const upstream = tf.tensor(Float32Array.from(unit(77, length)), output.shape).sub(0.5);
          return [f(...tensors), ...tf.grads(f)(tensors, upstream)];
        });
        for (const [index, expected] of [output.values, ...gradients].entries()) {
          expectClose(results[index]!, expected, 1e-5, index === 0 ? 'output' : `gradient ${index}`);
        }
      },
    );
  });

  trainingGoldens(() => tf);
  bcnnGoldens(() => tf);
  gradCamSuite(() => tf);
}
