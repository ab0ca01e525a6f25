import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LayersModel, Rank, SymbolicTensor, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { installed } from '#src/models/backends/tensorflow/cache-folder.js';
import { layout } from '#src/models/backends/tensorflow/load.js';
import { tensorflow } from '#src/models/backends/tensorflow.js';
import { trainBatchNorm } from '#src/models/batch-norm.js';
import { chainStep } from '#src/models/chain.js';
import { cutModel } from '#src/models/cut.js';
import { crossEntropy } from '#src/models/loss.js';
import { networks } from '#src/models/networks/index.js';
import { createOptimizer } from '#src/models/optimizers.js';
import { synthesize } from '#src/synth/dump.js';
import { pipeline, temporaryFolder } from '../../fixtures.js';
import { hasShared } from '../goldens.js';
import { expectOutputs } from '../network-goldens.js';
import { expectClose, numbers, on, valuesOf } from './on.js';
import { backendSuite } from './suite.js';

const missing = !tensorflow.isInstalled!();
if (missing) console.warn('SKIPPED: the backend tensorflow; bin/pipeline backend install tensorflow');

it.runIf(process.env['REQUIRE']?.split(',').includes('tensorflow'))('is installed, to be tested', () => {
  expect(missing).toBe(false);
});

describe.skipIf(missing)('tensorflow', () => {
  backendSuite('tensorflow');
});

describe.skipIf(missing || !hasShared('goldens/networks'))('tensorflow', () => {
  it.each([
    ['mobilenet', 'mobilenet_0.25', 0.25],
    ['mobilenet', 'mobilenet_0.75', 0.75],
    ['vgg16', 'vgg16', 1],
    ['resnet50', 'resnet50', 1],
    ['inception_v3', 'inception_v3', 1],
  ] as const)('computes what Keras computes with %s (%s)', async (name, file, alpha) => {
    const { tf, stop } = await startBackend('tensorflow');
    try {
      await expectOutputs(tf, networks[name], file, alpha);
    } finally {
      await stop();
    }
  });
});

describe.skipIf(missing)('tensorflow’s fused kernels', () => {
  let started: StartedBackend;
  beforeAll(async () => {
    started = await startBackend('tensorflow');
    await startBackend('cpu');
  });
  afterAll(() => started.stop());

  it('of relu and relu6 have the gradients of the cpu backend, and leave it its own', async () => {
    const { tf } = started;
    const x = numbers(4, [2, 5, 7, 3], 20);
    for (const relu of [tf.relu, tf.relu6]) {
      const compute = () => {
        const input = tf.tensor(x, [2, 5, 7, 3]);
        return [tf.grad((value: Tensor) => relu(value).mul(value))(input)];
      };
      const [expected] = await on(tf, 'cpu', compute);
      const [actual] = await on(tf, 'tensorflow', compute);
      expectClose(actual!, expected!, 1e-6);
    }
  });

  it('of Adam make the steps of the cpu backend, heed what others set, and go on from a state to the bit', async () => {
    const { tf } = started;
    const SHAPES = [[7, 5], [5]];
    const steps = async (backend: string, { stopAfter }: { stopAfter?: number } = {}) => {
      tf.setBackend(backend);
      const before = tf.memory().numTensors;
      const variables = SHAPES.map((shape, index) =>
        tf.tidy(() => tf.variable(tf.tensor(numbers(index, shape, 1), shape))),
      );
      const create = () => createOptimizer(tf, { optimizer: 'adam' }, variables);
      let optimizer = create();
      for (let step = 1; step <= 20; step++) {
        tf.tidy(() => {
          const gradients = SHAPES.map((shape, index) =>
            tf.tensor(numbers(100 * step + index, shape, 1), shape),
          );
          optimizer.apply(gradients, 0.01 / step);
          // As when the best epoch's weights are put back.
          if (step === 10) variables[0]!.assign(variables[0]!.mul(0.5));
        });
        if (step !== stopAfter) continue;
        const state = await optimizer.state();
        optimizer.dispose();
        optimizer = create();
        optimizer.restore(state);
      }
      const { moments } = await optimizer.state();
      const values = [...variables.map((variable) => variable.dataSync().slice()), ...moments.flat()];
      optimizer.dispose();
      tf.dispose(variables);
      expect(tf.memory().numTensors).toBe(before);
      return values.map((some) => Array.from(some));
    };
    const expected = await steps('cpu');
    const fused = await steps('tensorflow');
    for (const [index, values] of fused.entries()) {
      for (const [at, value] of values.entries()) expect(value).toBeCloseTo(expected[index]![at]!, 5);
    }
    expect(await steps('tensorflow', { stopAfter: 13 })).toEqual(fused);
  });

  it('of Dense layers and cross-entropy have the values and gradients of the cpu backend', async () => {
    const { tf } = started;
    const upTo = (max: number) => fc.integer({ min: 1, max });
    const cases = fc.tuple(
      upTo(9),
      upTo(20),
      upTo(7),
      upTo(5),
      fc.constantFrom('linear', 'relu'),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([rows, inputs, units, extra, activation, weighted]) => {
        const classes = extra + 1;
        const compute = () => {
          const input = tf.input({ shape: [inputs] });
          const hidden = tf.layers.dense({ units, activation: activation as 'linear' });
          const output = tf.layers.dense({ units: classes });
          const model = tf.model({
            inputs: input,
            outputs: output.apply(hidden.apply(input)) as SymbolicTensor,
          });
          for (const [seed, layer] of [hidden, output].entries()) {
            layer.setWeights(
              layer.weights.map(({ shape }, at) =>
                tf.tensor(numbers(10 * seed + at, shape as number[]), shape as number[]),
              ),
            );
          }
          const cut = cutModel(tf, model, new Set());
          const x = tf.tensor(numbers(3, [rows, inputs]), [rows, inputs]);
          const labels = numbers(4, [rows]).map((value) => Math.floor(Math.abs(value) * 100) % classes);
          const weights = weighted ? numbers(5, [rows]) : undefined;
          const above = (value: Tensor) => cut.above(new Map([[input.name, value]]), { dropoutSeed: 1 })[0]!;
          const loss = (value: Tensor) => crossEntropy(tf, above(value), labels, 0.1, undefined, weights);
          const { value, grads } = tf.variableGrads(() => loss(x), [...cut.variables]);
          const results = [
            above(x),
            value,
            ...cut.variables.map(({ name }) => grads[name]!),
            tf.grad(loss)(x),
          ];
          model.dispose();
          return results;
        };
        const expected = await on(tf, 'cpu', compute);
        const actual = await on(tf, 'tensorflow', compute);
        for (const [index, values] of expected.entries()) {
          expectClose(actual[index]!, values, 1e-5, `result ${index}`);
        }
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('of a chain’s layers give without a tape what they give with one, to the bit', async () => {
    const { tf } = started;
    tf.setBackend('tensorflow');
    const upTo = (max: number) => fc.integer({ min: 1, max });
    const cases = fc.record({
      rows: upTo(9),
      inputs: fc.array(upTo(20), { minLength: 1, maxLength: 2 }),
      units: fc.array(upTo(7), { maxLength: 2 }),
      rate: fc.constantFrom(0, 0.3, 0.5),
      classes: fc.integer({ min: 2, max: 6 }),
      smoothing: fc.constantFrom(0, 0.1),
      mixed: fc.boolean(),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, inputs, units, rate, classes, smoothing, mixed, seed }) => {
        const { layers } = tf;
        const read = inputs.map((size) => tf.input({ shape: [size] }));
        const stack = [
          ...units.map((size) => layers.dense({ units: size, activation: 'relu' })),
          ...(rate > 0 ? [layers.dropout({ rate })] : []),
          layers.dense({ units: classes }),
        ];
        const together = read.length === 1 ? read[0]! : layers.concatenate().apply(read);
        const output = stack.reduce((value, layer) => layer.apply(value), together) as SymbolicTensor;
        const model = tf.model({ inputs: read, outputs: output });
        const cut = cutModel(tf, model, new Set());
        const labels = numbers(4, [rows]).map((value) => Math.floor(Math.abs(value) * 100) % classes);
        const others = labels.map((label) => (label + 1) % classes);
        const targets = {
          labels,
          smoothing,
          ...(mixed && { mixed: { others, shares: labels.map(() => 0.7) } }),
        };
        const compute = (): [written: Tensor[], taped: Tensor[]] => {
          const outputs = new Map(
            read.map(({ name, shape }, at) => {
              const size: [number, number] = [rows, shape[1]!];
              return [name, tf.tensor(numbers(at + seed, size), size)];
            }),
          );
          const { loss, logits, gradients } = chainStep(tf, cut, outputs, targets, seed)!;
          const lossOf = (one: Tensor2D) => crossEntropy(tf, one, labels, smoothing, targets.mixed);
          const { value, grads } = tf.variableGrads(
            () => lossOf(cut.above(outputs, { dropoutSeed: seed })[0]!),
            [...cut.variables],
          );
          return [
            [loss, logits, ...gradients],
            [
              value,
              cut.above(outputs, { dropoutSeed: seed })[0]!,
              ...cut.variables.map(({ name }) => grads[name]!),
            ],
          ];
        };
        tf.tidy(() => {
          const [written, taped] = compute();
          expect(written.map(({ shape }) => shape)).toEqual(taped.map(({ shape }) => shape));
          expect(written.map((tensor) => [...tensor.dataSync()])).toEqual(
            taped.map((tensor) => [...tensor.dataSync()]),
          );
        });
        cut.dispose();
        model.dispose();
      }),
      { numRuns: 60, seed: 9 },
    );
  });

  it('write no gradients out of a head that is more than a chain', () => {
    const { tf } = started;
    tf.setBackend('tensorflow');
    const input = tf.input({ shape: [4] });
    const shared = tf.layers.dense({ units: 3, activation: 'relu' }).apply(input) as SymbolicTensor;
    const outputs = [2, 5].map((units) => tf.layers.dense({ units }).apply(shared) as SymbolicTensor);
    const twice = tf.layers.add().apply([shared, shared]) as SymbolicTensor;
    const tanh = tf.layers.dense({ units: 2, activation: 'tanh' }).apply(input) as SymbolicTensor;
    for (const output of [outputs, tf.layers.dense({ units: 2 }).apply(twice) as SymbolicTensor, tanh]) {
      const cut = cutModel(tf, tf.model({ inputs: input, outputs: output }), new Set());
      const given = new Map([[input.name, tf.zeros([1, 4])]]);
      expect(chainStep(tf, cut, given, { labels: [0], smoothing: 0 }, 1)).toBeUndefined();
    }
    tf.disposeVariables();
  });

  it('of batch norm give tfjs-layers’ values, gradients and averages', async () => {
    const { tf } = started;
    const upTo = (max: number) => fc.integer({ min: 1, max });
    await fc.assert(
      fc.asyncProperty(upTo(4), upTo(5), upTo(6), upTo(9), async (batch, height, width, channels) => {
        // The variance of one value is none.
        const shape: [number, number, number, number] = [batch + 1, height, width, channels];
        const compute = (fused: boolean) => () => {
          const { model, layer } = normalising(shape);
          const x = tf.tensor(numbers(1, shape, 4), shape) as Tensor4D;
          const weight = tf.tensor(numbers(2, shape), shape);
          const norm = () =>
            fused ? trainBatchNorm(tf, layer, x)! : (layer.apply(x, { training: true }) as Tensor);
          const { value, grads } = tf.variableGrads(() => norm().mul(weight).sum().asScalar());
          const dx = tf.grad((input: Tensor) =>
            (fused
              ? trainBatchNorm(tf, layer, input)!
              : (layer.apply(input, { training: true }) as Tensor)
            ).mul(weight),
          )(x);
          const own = layer.trainableWeights.map(
            (one) => grads[(one.read() as Tensor & { name: string }).name]!,
          );
          const averages = layer.getWeights().map((tensor) => tensor.clone());
          const results = [value, ...own, dx, ...averages];
          model.dispose();
          return results;
        };
        const expected = await valuesOf(tf, compute(false));
        const actual = await valuesOf(tf, compute(true));
        for (const [index, values] of expected.entries()) {
          expectClose(actual[index]!, values, 2e-4, `result ${index}`);
        }
      }),
      { numRuns: 20, seed: 3 },
    );
    function normalising(shape: number[]): { model: LayersModel; layer: LayersModel['layers'][number] } {
      const input = tf.input({ shape: shape.slice(1) });
      const layer = tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-3 });
      const model = tf.model({ inputs: input, outputs: layer.apply(input) as SymbolicTensor });
      const channels = shape.at(-1)!;
      const [gamma, beta, mean, variance] = [5, 6, 7, 8].map((seed) =>
        tf.tensor1d(numbers(seed, [channels])),
      );
      layer.setWeights([gamma!.add(2), beta!, mean!, variance!.add(2)]);
      return { model, layer };
    }
  });
});

describe.skipIf(missing)('the backend tensorflow', () => {
  it('starts, stops and starts again, and gives back what nobody disposed of', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { tf, name, device, version, memory, stop } = await startBackend('tensorflow');
      expect(tf.getBackend()).toBe('tensorflow');
      expect(name).toBe('tensorflow');
      expect(device).toMatch(/^\d+ cores?$/);
      expect(version).toMatch(/^TensorFlow 2\.\d+\.\d+, TensorFlow\.js 4\./);
      const before = memory();
      const x = tf.ones<Rank.R1>([1000]).add(round) as Tensor;
      expect([...x.slice(0, 1).dataSync()]).toEqual([1 + round]);
      expect(memory() - before).toBeGreaterThanOrEqual(4000);
      tf.variable(x, true, 'kept');
      await stop();
      expect(tf.engine().registeredVariables).not.toHaveProperty('kept');
    }
  });

  it('leaves a process that ends as it should when its thread ends before the first step', async () => {
    const index = new URL('../../../dist/models/backends/index.js', import.meta.url).href;
    const inThread = `import('${index}').then(({ startBackend }) => startBackend('tensorflow'))`;
    const script = `new (require('node:worker_threads').Worker)(${JSON.stringify(inThread)}, { eval: true })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([0, null]);
  });

  it('leaves stderr to the process when a thread is ended while it loads', async () => {
    const { mute } = layout(installed('tensorflow')!.path);
    // As a thread that is asked to stop in the middle of the load: muted, and never on again.
    const inThread = `
      require(${JSON.stringify(mute)}).mute();
      setInterval(() => {}, 60_000);
      require('node:worker_threads').parentPort.postMessage('muted');`;
    const script = `
      const thread = new (require('node:worker_threads').Worker)(${JSON.stringify(inThread)}, { eval: true });
      thread.once('message', async () => {
        console.error('not heard');
        await thread.terminate();
        console.error('heard');
      });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await once(child, 'close');
    expect(said).toBe('heard\n');
  });

  it('ends on Ctrl-C whatever it is at', async () => {
    const folder = await temporaryFolder('interrupts');
    try {
      const dump = join(folder.path, 'dump');
      await synthesize({
        out: dump,
        listings: 250,
        seed: 3,
        workers: 2,
        signal: new AbortController().signal,
      });
      const recipe = fileURLToPath(new URL('../../../recipes/demo.yaml', import.meta.url));
      const out = join(folder.path, 'run');
      const common = ['--recipe', recipe, '--source', dump, '--out', out, '--set', 'cache.size=32'];
      expect((await pipeline(['cache', ...common])).code).toBe(0);
      for (const delay of [0, 150, 300, 450, 600, 900]) {
        const running = pipeline(['run', ...common, '--backend', 'tensorflow']);
        let told = '';
        running.child.stderr.on('data', (chunk: Buffer) => {
          told += chunk;
        });
        while (!told.includes('train-product_type')) await setTimeout(10);
        await setTimeout(delay);
        running.child.kill('SIGINT');
        const { code, stderr } = await running;
        const { signalCode } = running.child;
        expect({ delay, ended: signalCode ?? code }).toEqual({ delay, ended: signalCode ? 'SIGINT' : 130 });
        // A thread that loads the library for longer than the grace mutes the process until it is ended by the signal itself.
        if (signalCode === null) expect(stderr).toContain('Cancelled; the same command goes on from here.');
      }
    } finally {
      await folder.dispose();
    }
  });

  it('is what auto takes before wasm', async () => {
    const { name, stop } = await startBackend('auto');
    await stop();
    expect(['tensorflow-gpu', 'webgpu', 'tensorflow']).toContain(name);
  });
});
