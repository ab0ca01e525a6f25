import * as tf from '@tensorflow/tfjs';
import type { Tf } from '#src/models/backends/backend.js';

/** TensorFlow.js's plain JavaScript backend: slow, and right. */
export async function cpu(): Promise<Tf> {
  await tf.setBackend('cpu');
  await tf.ready();
  return tf;
}
