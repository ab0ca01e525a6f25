import type { Tf } from '../backend.js';
import { avgPoolGrad } from './avg-pool-grad.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-backprop.js';
import type { WasmKernel } from './kernel.js';
import { maxPoolGrad } from './max-pool-grad.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

/** What training needs and the WebAssembly backend lacks, has wrong, or has slow. */
const kernels: readonly WasmKernel[] = [
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  avgPoolGrad,
  maxPoolGrad,
  unsortedSegmentSum,
];

/** Registers them, in place of the backend's own where it has one. */
export function registerWasmKernels(tf: Tf): void {
  const present = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  for (const { name, config } of kernels) {
    if (present.has(name)) tf.unregisterKernel(name, 'wasm');
    tf.registerKernel(config(tf));
  }
}
