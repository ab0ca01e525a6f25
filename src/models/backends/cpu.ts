import type { Backend } from './backend.js';

/** TensorFlow.js's plain JavaScript: slow, and everywhere. */
export const cpu: Backend = {
  name: 'cpu',
  trains: true,
  async start() {
    const tf = await import('@tensorflow/tfjs');
    await tf.setBackend('cpu');
    await tf.ready();
    return {
      name: 'cpu',
      device: '1 core, JavaScript',
      tf,
      memory: () => tf.memory().numBytes,
      stop: async () => tf.removeBackend('cpu'),
    };
  },
};
