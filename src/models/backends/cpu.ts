import { PipelineError } from '../../errors.js';
import { correctAveragePooling } from './average-pooling.js';
import type { Backend } from './backend.js';
import { removeBackend } from './remove.js';

/** TensorFlow.js in plain JavaScript: runs wherever Node does, slowly. */
export const cpu: Backend = {
  name: 'cpu',
  trains: true,
  async start() {
    // Loading it takes long: only when it is used.
    const tf = await import('@tensorflow/tfjs');
    if (!(await tf.setBackend('cpu'))) {
      throw new PipelineError(
        'BACKEND_UNAVAILABLE',
        "Expected TensorFlow.js's cpu backend but it did not start",
        {
          hint: 'Install the dependencies again (npm ci).',
        },
      );
    }
    // Otherwise its first tensor prints an advertisement for tfjs-node.
    (tf.backend() as { firstUse?: boolean }).firstUse = false;
    correctAveragePooling(tf, 'cpu');
    return {
      name: 'cpu',
      device: '1 core, JavaScript',
      version: `TensorFlow.js ${tf.version.tfjs}`,
      tf,
      memory: () => tf.memory().numBytes,
      stop: async () => removeBackend(tf, 'cpu'),
    };
  },
};
