import { mobilenet } from './mobilenet.js';
import type { Network } from './network.js';
import { smallCnn } from './small-cnn.js';
import { vgg16 } from './vgg16.js';

/** Every network that a recipe can name. */
export const networks: Readonly<Record<Network['name'], Network>> = {
  mobilenet,
  'small-cnn': smallCnn,
  vgg16,
};
