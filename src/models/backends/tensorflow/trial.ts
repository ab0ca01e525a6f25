/**
 * Run in a process of its own with an installation's folder: computes a convolution and its gradient there and prints
 * what it ran on. A library that does not fit the machine ends this process, not the installer's.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { startInstalled } from '../tensorflow.js';
import { VERSION } from './release.js';

/** What a trial says on stdout. */
export interface TrialResult {
  device: string;
}

const path = process.argv[2]!;
// By the processor's name also for the GPU's library: installing it has to work where no GPU is yet.
const { tf, device, stop } = await startInstalled({
  name: 'tensorflow',
  version: VERSION,
  platform: '',
  wheel: '',
  path,
  bytes: 0,
});
const images = tf.ones([1, 3, 3, 1]) as Tensor4D;
const filter = tf.ones([2, 2, 1, 1]) as Tensor4D;
const convolve = (input: Tensor) => tf.conv2d(input as Tensor4D, filter, 1, 'valid') as Tensor;
const found = [...convolve(images).dataSync(), ...tf.grad(convolve)(images).dataSync()].join(' ');
const expected = '4 4 4 4 1 2 1 2 4 2 1 2 1';
if (found !== expected) throw new Error(`Expected ${expected} but it computed ${found}`);
await stop();
process.stdout.write(JSON.stringify({ device } satisfies TrialResult));
