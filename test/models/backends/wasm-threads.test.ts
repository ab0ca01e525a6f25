import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { describe, expect, it, vi } from 'vitest';
import type { Tf } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { numbers, valuesOf } from './on.js';
import { backendSuite } from './suite.js';

describe('wasm on two threads', () => backendSuite('wasm', () => {}, { threads: 2 }));

const SHAPE: [number, number, number, number] = [3, 13, 11, 19];

/** Values and gradients of what networks are made of, on sizes that no number of threads divides. */
function work(tf: Tf): Promise<Float32Array[]> {
  return valuesOf(tf, () => {
    const x = tf.tensor4d(numbers(1, SHAPE), SHAPE);
    const images = (input: Tensor) => input as Tensor4D;
    const filter = tf.tensor4d(numbers(2, [3, 3, 19, 21]), [3, 3, 19, 21]);
    const point = tf.tensor4d(numbers(3, [1, 1, 19, 21]), [1, 1, 19, 21]);
    const depth = tf.tensor4d(numbers(4, [3, 3, 19, 1]), [3, 3, 19, 1]);
    const left = tf.tensor2d(numbers(5, [37, 53]), [37, 53]);
    const right = tf.tensor2d(numbers(6, [53, 29]), [53, 29]);
    const bias = tf.tensor1d(numbers(7, [19]));
    const operations: [(...inputs: Tensor[]) => Tensor, Tensor[]][] = [
      [(a, w) => tf.conv2d(images(a!), w as Tensor4D, 1, 'same'), [x, filter]],
      [(a, w) => tf.conv2d(images(a!), w as Tensor4D, 2, 'valid'), [x, filter]],
      [(a, w) => tf.conv2d(images(a!), w as Tensor4D, 1, 'valid'), [x, point]],
      [(a, w) => tf.depthwiseConv2d(images(a!), w as Tensor4D, 1, 'same'), [x, depth]],
      [(a, w) => tf.depthwiseConv2d(images(a!), w as Tensor4D, 2, 'same'), [x, depth]],
      [(a) => tf.maxPool(images(a!), 3, 2, 'same'), [x]],
      [(a) => tf.avgPool(images(a!), 3, 2, 'same'), [x]],
      [(a, b) => tf.add(a!, b!), [x, bias]],
      [(a, b) => tf.matMul(a as Tensor<Rank.R2>, b as Tensor<Rank.R2>), [left, right]],
      [(a) => tf.sigmoid(a!).exp().mean([0, 1, 2]), [x]],
    ];
    return operations.flatMap(([f, inputs]) => {
      const y = f(...inputs);
      const upstream = tf.tensor(numbers(8, y.shape), y.shape);
      return [y, ...tf.grads(f)(inputs, upstream)];
    });
  });
}

/** 0 where the system does not say. */
const threadsOfProcess = () => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0);

describe('threads of wasm', () => {
  it('compute the very bits that one thread does', { timeout: 60_000 }, async () => {
    const results: Buffer[][] = [];
    for (const threads of [1, 2, 3, 8]) {
      const { tf, device, stop } = await startBackend('wasm', { threads });
      expect(device).toBe(`${threads} ${threads === 1 ? 'core' : 'cores'}, WebAssembly SIMD`);
      expect(getThreadsCount()).toBe(threads);
      results.push((await work(tf)).map(({ buffer }) => Buffer.from(buffer)));
      await stop();
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  it.skipIf(process.platform !== 'linux')('end with it', async () => {
    const before = threadsOfProcess();
    const { stop } = await startBackend('wasm', { threads: 3 });
    expect(threadsOfProcess()).toBeGreaterThan(before);
    await stop();
    // The system takes a moment to forget a thread that has ended.
    await vi.waitFor(() => expect(threadsOfProcess()).toBeLessThanOrEqual(before), { timeout: 5000 });
  });

  it('are at most eight, and one where nothing is asked for', async () => {
    const many = await startBackend('wasm', { threads: 64 });
    expect(many.device).toMatch(/^8 cores/);
    await many.stop();
    const one = await startBackend('wasm');
    expect(one.device).toMatch(/^1 core,/);
    await one.stop();
  });

  it.each(['at once', 'while they load'])('are done without where they fail %s', async (when) => {
    const library = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const before = threadsOfProcess();
    const original = library.Worker;
    library.Worker = class extends original {
      constructor() {
        if (when === 'at once') throw new Error('no thread');
        super('throw new Error("no thread")', { eval: true });
      }
    };
    try {
      const { tf, device, stop } = await startBackend('wasm', { threads: 2 });
      expect(device).toMatch(/^1 core,/);
      expect([...tf.add([1, 2], [3, 4]).dataSync()]).toEqual([4, 6]);
      await stop();
    } finally {
      library.Worker = original;
    }
    expect(warned.mock.calls).toEqual([[expect.stringContaining('no thread')]]);
    expect(threadsOfProcess()).toBe(before);
    warned.mockRestore();
  });

  it('leave what is global alone', async () => {
    const before = Object.getOwnPropertyNames(globalThis);
    const { stop } = await startBackend('wasm', { threads: 2 });
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
    await stop();
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
  });

  it('keep no process alive, started in the main thread or in another one', { timeout: 60_000 }, () => {
    const index = new URL('../../../dist/models/backends/index.js', import.meta.url).href;
    const start = `import(${JSON.stringify(index)}).then(async ({ startBackend }) => {
      const { tf, device } = await startBackend('wasm', { threads: 2 });
      const [value] = tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).dataSync();
      require('node:fs').writeSync(1, device + ' ' + value);
    })`;
    const inWorker = `new (require('node:worker_threads').Worker)(${JSON.stringify(start)}, { eval: true })`;
    for (const script of [start, inWorker]) {
      const said = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20_000 });
      expect(said).toBe('2 cores, WebAssembly SIMD 64');
    }
  });
});
