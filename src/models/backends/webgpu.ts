import { correctAveragePooling } from './average-pooling.js';
import type { Backend } from './backend.js';
import { removeBackend } from './remove.js';
import { assertLoader, describeAdapter, isSoftware, loadPackages, noAdapter } from './webgpu/adapter.js';
import { guardBackend, guardDevice } from './webgpu/guard.js';

/** What computing asks of a device: everything that its adapter has. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Dawn's instance of this thread, kept for good: it processes its events (a lost device's, a finished read's) later, and
 * once its object is collected that is a crash or a wait for ever. It does not keep the process alive.
 */
let instance: GPU | undefined;

/**
 * Any vendor's GPU, without CUDA: Dawn (Vulkan, Metal or Direct3D) under TensorFlow.js's WebGPU backend. Never falls
 * back to another backend; results can only be waited for (`data()`, not `dataSync()`).
 */
export const webgpu: Backend = {
  name: 'webgpu',
  trains: true,
  async start() {
    const { dawn, tfjs, version } = await loadPackages();
    assertLoader();
    instance ??= dawn.create([]);
    const gpu = instance;
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) throw noAdapter();
    const { info, limits } = adapter;
    const device = await adapter.requestDevice({
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
    });
    const guard = guardDevice(device);
    const forget = publish(gpu);
    const tf = await import('@tensorflow/tfjs');
    const backend = new tfjs.WebGPUBackend(device, info);
    guardBackend(backend, device, guard);
    if (tf.findBackendFactory('webgpu') !== null) tf.removeBackend('webgpu');
    // The lowest priority: nothing but its own start makes it the current one.
    tf.registerBackend('webgpu', () => backend, 0);
    correctAveragePooling(tf, 'webgpu');
    await tf.setBackend('webgpu');
    return {
      name: 'webgpu',
      device: describeAdapter(info),
      emulated: isSoftware(info),
      version: `TensorFlow.js ${tf.version.tfjs}, Dawn (webgpu ${version})`,
      tf,
      memory: () => tf.memory().numBytes,
      async stop() {
        if (tf.findBackend('webgpu') !== backend) return;
        guard.close();
        removeBackend(tf, 'webgpu');
        tf.removeBackend('webgpu');
        device.destroy();
        await device.lost;
        forget();
      },
    };
  },
};

/** Puts the GPU where TensorFlow.js looks for it; gives what takes it away again. */
function publish(gpu: GPU): () => void {
  const scope = globalThis as { navigator?: object };
  // Node has a navigator since version 21.
  if (scope.navigator === undefined) {
    Object.defineProperty(scope, 'navigator', { value: {}, configurable: true, writable: true });
  }
  const navigator = scope.navigator!;
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return () => {
    Reflect.deleteProperty(navigator, 'gpu');
  };
}
