// Gradients for TensorFlow.js's WebAssembly backend, in whose memory they compute. All tensors are float32, NHWC.
export { place, pack, correlate, unpack, rotate } from './training/convolution';
export { depthwiseFilterGradient, depthwiseInputGradient } from './training/depthwise';
export { maxPoolGradient, avgPoolGradient } from './training/pooling';
export { columnSums } from './training/sums';
