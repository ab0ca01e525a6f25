import type {
  LayersModel,
  Rank,
  Scalar,
  SymbolicTensor,
  Tensor,
  Tensor2D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PipelineError } from '#src/errors.js';
import type { BackendName, Tf } from '#src/models/backends/backend.js';
import { backends, startBackend } from '#src/models/backends/index.js';
import { crossEntropy } from '#src/models/loss.js';
import { networks } from '#src/models/networks/index.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { both, expectClose, numbers } from './on.js';

const CLASSES = 5;
const BATCH = 4;

interface Case {
  name: keyof typeof networks;
  layer: string;
  size: number;
}

/** A classifier on a layer's average. */
function classifier(tf: Tf, { name, layer, size }: Case): LayersModel {
  const base = networks[name].build(tf, { height: size, width: size, alpha: 0.25, seed: 7 });
  const pooled = tf.layers.globalAveragePooling2d({}).apply(base.getLayer(layer).output);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
  const logits = tf.layers.dense({ units: CLASSES, kernelInitializer }).apply(pooled) as SymbolicTensor;
  const model = tf.model({ inputs: base.inputs, outputs: logits });
  for (const above of base.layers) if (!model.layers.includes(above)) above.dispose();
  return model;
}

/** Losses of two steps and, by name, the first step's gradients and the weights after both. */
async function train(tf: Tf, backend: BackendName, test: Case) {
  const { size } = test;
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const model = classifier(tf, test);
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  const optimizer = createOptimizer(tf, { optimizer: 'momentum' }, variables);
  const pixels = tf.tensor(numbers(1, [BATCH, size, size, 3]), [BATCH, size, size, 3]);
  const labels = [0, 3, 1, 4];
  const between = tf.memory().numTensors;
  const losses: number[] = [];
  const gradients: Float32Array[] = [];
  for (let step = 0; step < 2; step += 1) {
    tf.tidy(() => {
      const loss = (): Scalar =>
        crossEntropy(tf, model.apply(pixels, { training: true }) as Tensor2D, labels, 0.1);
      const { value, grads } = tf.variableGrads(loss, variables);
      losses.push(value.dataSync()[0]!);
      const ordered = variables.map((variable) => grads[variable.name]!);
      if (step === 0) gradients.push(...ordered.map((tensor) => tensor.dataSync() as Float32Array));
      optimizer.apply(ordered, 0.01);
    });
    expect(tf.memory().numTensors).toBe(between);
  }
  const weights = model.getWeights().map((tensor) => Float32Array.from(tensor.dataSync()));
  optimizer.dispose();
  model.dispose();
  tf.dispose([pixels, labels]);
  expect(tf.memory().numTensors).toBe(before);
  return { losses, gradients, weights };
}

describe('two training steps on wasm are those on cpu', () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await both();
  });

  it.each<Case>([
    { name: 'small-cnn', layer: 'block4_pool', size: 20 },
    // Its pools leave out odd borders; the other blocks are more of the same, and slow on cpu.
    { name: 'vgg16', layer: 'block1_pool', size: 5 },
    // Not all of it: 27 batch norms of a small batch amplify float32's rounding above what is compared here.
    { name: 'mobilenet', layer: 'conv_pw_3_relu', size: 32 },
  ])('of $name up to $layer', async (test) => {
    const expected = await train(tf, 'cpu', test);
    const actual = await train(tf, 'wasm', test);
    expectClose(actual.losses, expected.losses, 1e-5, 'losses');
    for (const [index, values] of expected.gradients.entries()) {
      expectClose(actual.gradients[index]!, values, 1e-5, `gradient ${index}`);
    }
    for (const [index, values] of expected.weights.entries()) {
      expectClose(actual.weights[index]!, values, 1e-5, `weight ${index}`);
    }
  });
});

describe('startBackend', () => {
  it('starts, stops and starts again, each with memory of its own', async () => {
    for (const name of ['cpu', 'wasm'] as const) {
      const started = await startBackend(name);
      const { tf } = started;
      expect(started.name).toBe(name);
      expect(tf.getBackend()).toBe(started.name);
      expect(started.device).toMatch(/^1 core, /);
      const before = started.memory();
      const x = tf.ones([2, 3, 3, 1]);
      expect(started.memory() - before).toBe(72);
      tf.variable(x, true, `kept by ${name}`);
      x.dispose();
      const images = tf.ones<Rank.R4>([1, 3, 3, 1]);
      const filter = tf.ones<Rank.R4>([2, 2, 1, 1]);
      const dx = tf.grad((input) => tf.conv2d(input as Tensor4D, filter, 1, 'valid') as Tensor)(images);
      expect([...dx.dataSync()]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1]);
      await started.stop();
      expect(tf.engine().registeredVariables).not.toHaveProperty(`kept by ${name}`);
    }
  });

  it('takes the first that trains on a device of its own when it may choose', async () => {
    const { name, emulated, stop } = await startBackend('auto');
    await stop();
    expect(emulated ?? false).toBe(false);
    for (const backend of backends.slice(
      0,
      backends.findIndex((one) => one.name === name),
    )) {
      const other = await backend.start().catch((error: unknown) => error as PipelineError);
      if ('stop' in other) {
        await other.stop();
        expect(other.emulated).toBe(true);
      } else expect(other.code).toBe('BACKEND_UNAVAILABLE');
    }
  });

  it("leaves the process's handlers of failures alone", async () => {
    const events = ['uncaughtException', 'unhandledRejection'];
    const handler = () => undefined;
    for (const event of events) process.on(event, handler);
    const before = events.map((event) => process.rawListeners(event));
    const { stop } = await startBackend('wasm');
    expect(events.map((event) => process.rawListeners(event))).toEqual(before);
    await stop();
    expect(events.map((event) => process.rawListeners(event))).toEqual(before);
    for (const event of events) process.off(event, handler);
  });

  it('says nothing on the console', async () => {
    const said: unknown[] = [];
    const { warn, log } = console;
    console.warn = (...words: unknown[]) => said.push(words);
    console.log = (...words: unknown[]) => said.push(words);
    try {
      for (const name of ['wasm', 'cpu'] as const) {
        const { tf, stop } = await startBackend(name);
        tf.tidy(() => tf.maxPool(tf.ones<Rank.R4>([1, 2, 2, 1]), 2, 2, 'same').dataSync());
        await stop();
      }
    } finally {
      Object.assign(console, { warn, log });
    }
    expect(said).toEqual([]);
  });
});
