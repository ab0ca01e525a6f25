import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import type { BackendName, Tf } from './backend.js';

const done = new WeakMap<Tf['engine'], Set<BackendName>>();

/** What is used of a backend. */
interface KernelMemory {
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
  disposeData(dataId: object): void;
}

interface PoolAttributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
}

/**
 * Corrects a backend's gradient of average pooling (TensorFlow.js 4.22.0): it divides by the window's whole size also
 * where padding takes part of the window, which its own forward pass does not do. Each window's gradient is scaled by
 * size / covered pixels first. Once a thread; the backend's package must be loaded.
 */
export function correctAveragePooling(tf: Tf, backendName: BackendName): void {
  const names = done.get(tf.engine) ?? new Set();
  if (names.has(backendName)) return;
  const gradient = tf.getKernel('AvgPoolGrad', backendName);
  const multiply = tf.getKernel('Multiply', backendName);
  const kernel: KernelConfig = {
    kernelName: 'AvgPoolGrad',
    backendName,
    kernelFunc(given) {
      const { dy, input } = given.inputs as { dy: TensorInfo; input: TensorInfo };
      const scale = windowScales(tf, input.shape, given.attrs as unknown as PoolAttributes);
      if (scale === undefined) return gradient.kernelFunc(given);
      const backend = given.backend as KernelMemory;
      const factors = backend.makeTensorInfo(scale.shape, 'float32', scale.values);
      const scaled = multiply.kernelFunc({ inputs: { a: dy, b: factors }, backend }) as TensorInfo;
      const dx = gradient.kernelFunc({ ...given, inputs: { dy: scaled, input } });
      for (const { dataId } of [factors, scaled]) backend.disposeData(dataId);
      return dx;
    },
  };
  // Without this, tfjs warns that it is registered already.
  tf.unregisterKernel('AvgPoolGrad', backendName);
  tf.registerKernel(kernel);
  done.set(tf.engine, names.add(backendName));
}

/** A window's size by the pixels it covers, [1, height, width, 1]; undefined where every window is whole. */
function windowScales(
  tf: Tf,
  shape: number[],
  { filterSize, strides, pad }: PoolAttributes,
): { shape: number[]; values: Float32Array } | undefined {
  const info = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
  );
  const rows = covered(info.outHeight, info.filterHeight, info.strideHeight, info.padInfo.top, info.inHeight);
  const columns = covered(info.outWidth, info.filterWidth, info.strideWidth, info.padInfo.left, info.inWidth);
  const size = info.filterHeight * info.filterWidth;
  const values = Float32Array.from(
    rows.flatMap((height) => columns.map((width) => size / Math.max(1, height * width))),
  );
  if (values.every((value) => value === 1)) return undefined;
  return { shape: [1, rows.length, columns.length, 1], values };
}

/** Pixels of an axis that each window covers. */
function covered(windows: number, filter: number, stride: number, before: number, size: number): number[] {
  return Array.from({ length: windows }, (_, index) => {
    const first = index * stride - before;
    return Math.min(first + filter, size) - Math.max(first, 0);
  });
}
