import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rank } from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';
import { describeAdapter, isSoftware } from '#src/models/backends/webgpu/adapter.js';
import { fitTask } from '#src/models/fit.js';
import { probeBackend } from '#src/models/probe.js';
import { coloursToFit, MODEL } from '../colours.js';
import { backendSuite } from './suite.js';

/** Why there is nothing to test on: neither a GPU nor SwiftShader (see vitest.config.ts). */
const missing = await startBackend('webgpu').then(
  async ({ device, stop }) => {
    console.info(`webgpu is tested on ${device}`);
    await stop();
    return undefined;
  },
  (error: unknown) => (error as Error).message,
);
if (missing !== undefined) {
  console.warn(`SKIPPED: the backend webgpu (${missing}); apt-get install chromium-common`);
}

it.runIf(process.env['REQUIRE']?.split(',').includes('chromium'))('has a device to be tested on', () => {
  expect(missing).toBeUndefined();
});

describe.skipIf(missing !== undefined)('webgpu', () => {
  // Small tensors would be computed in JavaScript.
  backendSuite('webgpu', (tf) => tf.env().set('WEBGPU_CPU_FORWARD', false));
});

it.skipIf(missing !== undefined)(
  'webgpu trains and scores by the product’s own loop, and leaves no tensor',
  async () => {
    const started = await startBackend('webgpu');
    const rates = await probeBackend(started, 0.01);
    expect(rates.failure).toBeUndefined();
    expect(rates.trainedImagesPerSecond).toBeGreaterThan(0);
    expect(started.memory()).toBe(0);
    await started.stop();
  },
);

/** What is reached of TensorFlow.js's backend to break its device. */
interface Internals {
  device: GPUDevice;
}

describe.skipIf(missing !== undefined)('webgpu fails loudly', () => {
  let started: StartedBackend | undefined;
  afterEach(() => started?.stop());
  const start = async () => {
    started = await startBackend('webgpu');
    const { tf } = started;
    return { tf, device: (tf.backend() as unknown as Internals).device };
  };

  it('for a tensor over the device’s limit, and goes on afterwards', async () => {
    const { tf, device } = await start();
    const floats = device.limits.maxStorageBufferBindingSize / 4 + 1;
    expect(() => tf.tidy(() => tf.fill([floats], 2).relu())).toThrow(
      expect.objectContaining({ code: 'DEVICE_LIMIT', message: expect.stringContaining(`${floats * 4}`) }),
    );
    const x = tf.tidy(() => tf.fill([4], -2).abs());
    expect([...(await x.data())]).toEqual([2, 2, 2, 2]);
  });

  it('for more workgroups than the device can be sent', async () => {
    const { tf, device } = await start();
    const rows = device.limits.maxComputeWorkgroupsPerDimension + 1;
    const wide = () => tf.tidy(() => tf.matMul(tf.ones([rows, 1, 1]), tf.ones([rows, 1, 1])));
    expect(wide).toThrow(expect.objectContaining({ code: 'DEVICE_LIMIT' }));
  });

  it('for what the device reports, at the next step', async () => {
    const { tf, device } = await start();
    const x = tf.ones([2000]);
    device.createShaderModule({ code: 'no WGSL' });
    expect(() => x.relu()).toThrow(expect.objectContaining({ code: 'DEVICE_FAILED' }));
    const y = x.relu();
    device.createShaderModule({ code: 'no WGSL' });
    await expect(y.data()).rejects.toMatchObject({ code: 'DEVICE_FAILED' });
    expect((await y.data())[0]).toBe(1);
  });

  it('when the device is lost', async () => {
    const { tf, device } = await start();
    const x = tf.tidy(() => tf.ones([2000]).add(1));
    device.destroy();
    await expect(x.data()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(() => x.relu()).toThrow(expect.objectContaining({ code: 'DEVICE_LOST' }));
  });

  it('when the device is lost in training, which goes on later from its last whole epoch', async () => {
    const colours = await coloursToFit();
    const few = {
      model: { ...MODEL, phases: [{ ...MODEL.phases[0]!, epochs: 3 }] },
      samples: colours.samples.filter((_, index) => index % 5 === 0),
    };
    const weights = (name: string) => readFile(join(colours.folder, name, 'weights.bin'));
    try {
      const first = await startBackend('webgpu');
      started = first;
      const whole = await fitTask(colours.options(first, 'whole', few));
      const checkpoint = { file: join(colours.folder, 'lost.checkpoint'), key: 'k' };
      const bus = eventBus();
      bus.events.subscribe((event) => {
        if (event.type === 'epoch' && event.epoch === 2) {
          (first.tf.backend() as unknown as Internals).device.destroy();
        }
      });
      const lost = fitTask(colours.options(first, 'lost', { ...few, checkpoint, events: bus }));
      await expect(lost).rejects.toMatchObject({ code: 'DEVICE_LOST' });
      await first.stop();
      started = await startBackend('webgpu');
      const epochs: number[] = [];
      const again = eventBus();
      again.events.subscribe((event) => event.type === 'epoch' && epochs.push(event.epoch));
      const { history } = await fitTask(
        colours.options(started, 'lost', { ...few, checkpoint, events: again }),
      );
      expect(epochs[0]).toBeGreaterThan(1);
      expect(history.map(({ loss }) => loss)).toEqual(whole.history.map(({ loss }) => loss));
      expect((await weights('lost')).equals(await weights('whole'))).toBe(true);
    } finally {
      await colours.dispose();
    }
  }, 240_000);

  it('and starts again after it was stopped, when auto prefers a real device', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { tf, stop, emulated } = await startBackend('webgpu');
      const convolved = tf.tidy(() =>
        tf.conv2d(tf.ones<Rank.R4>([1, 3, 3, 1]), tf.ones<Rank.R4>([2, 2, 1, 1]), 1, 'valid'),
      );
      expect([...(await convolved.data())]).toEqual([4, 4, 4, 4]);
      await stop();
      const auto = await startBackend('auto');
      expect(auto.name === 'webgpu').toBe(emulated !== true);
      await auto.stop();
    }
  });
});

describe('an adapter', () => {
  const gpu = {
    vendor: 'nvidia',
    architecture: 'hopper',
    device: 'nvidia-h100',
    description: 'NVIDIA: 550.54',
  };
  it.each([
    [gpu, false],
    [{ ...gpu, isFallbackAdapter: true }, true],
    [
      { vendor: 'mesa', architecture: '', device: 'llvmpipe-llvm-19', description: 'llvmpipe: Mesa 25' },
      true,
    ],
    [{ vendor: 'google', architecture: 'swiftshader', device: '', description: '' }, true],
    [{ vendor: 'microsoft', architecture: 'warp', device: 'basic-render-driver', description: '' }, true],
    [{ vendor: 'amd', architecture: 'rdna-3', device: '', description: '' }, false],
  ])('%j is software: %s', (info, software) => {
    expect(isSoftware(info)).toBe(software);
    expect(describeAdapter(info)).toMatch(software ? /no GPU/ : /^(nvidia-h100, NVIDIA: 550.54|rdna-3)$/);
  });
});
