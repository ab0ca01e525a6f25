import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { PipelineError } from '../../../errors.js';

const SMALLER = 'Use a smaller batch: --set model.batchSize=… (or a smaller cache.size).';

/** Watches a device for which WebGPU only logs what goes wrong, and computes on with stale numbers. */
export interface Guard {
  /**
   * Throws what has gone wrong since the last call.
   * @throws {PipelineError} `DEVICE_LIMIT`, `DEVICE_FAILED`; `DEVICE_LOST` from then on at every call.
   */
  check(): void;
  /** Called before the device is given up: that it is lost then is no failure. */
  close(): void;
}

/** The device's limits are checked before each request, its errors after each. */
export function guardDevice(device: GPUDevice): Guard {
  let failure: PipelineError | undefined;
  let lost: PipelineError | undefined;
  let closed = false;
  void device.lost.then(({ reason, message }) => {
    if (!closed) lost = lostError(`${reason}${message ? `: ${message.trim()}` : ''}`);
  });
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    // What follows from the first one says nothing new.
    failure ??= deviceError(event.error);
  });
  const check = () => {
    if (lost !== undefined) throw lost;
    const found = failure;
    failure = undefined;
    if (found !== undefined) throw found;
  };

  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const storage = (descriptor.usage & GPUBufferUsage.STORAGE) !== 0;
    const limit = storage ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (descriptor.size > limit) {
      throw new PipelineError(
        'DEVICE_LIMIT',
        `Expected a tensor of at most ${limit} bytes on this GPU but received ${descriptor.size}`,
        { hint: SMALLER },
      );
    }
    const buffer = createBuffer(descriptor);
    check();
    return buffer;
  };
  return {
    check,
    close() {
      closed = true;
    },
  };
}

/** Lets a backend's programs and reads throw what its device reports. */
export function guardBackend(backend: WebGPUBackend, device: GPUDevice, guard: Guard): void {
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, ...rest) => {
    guard.check();
    try {
      const output = run(program, ...rest);
      guard.check();
      return output;
    } catch (error) {
      if (error instanceof Error && /dispatch size exceeds/i.test(error.message)) {
        throw new PipelineError(
          'DEVICE_LIMIT',
          `Expected at most ${device.limits.maxComputeWorkgroupsPerDimension} workgroups a dimension on this GPU but received ${program.dispatch.join(' × ')}`,
          { hint: SMALLER, cause: error },
        );
      }
      throw error;
    }
  };
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    guard.check();
    let values: Awaited<ReturnType<typeof read>>;
    try {
      values = await read(dataId);
    } catch (error) {
      // A lost device may reject the mapping before it says that it is lost.
      await Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      guard.check();
      // Not as it is: WebGPU's AbortError would count as cancelled by the user.
      throw new PipelineError('DEVICE_FAILED', 'Expected the GPU to give its results but it did not', {
        cause: error,
      });
    }
    guard.check();
    return values;
  };
}

function lostError(reason: string): PipelineError {
  return new PipelineError('DEVICE_LOST', `Expected the GPU to stay but it was lost (${reason})`, {
    hint: 'Run the same command again: finished steps are kept. If it happens again, look at the driver’s log, or choose another backend.',
  });
}

function deviceError({ message }: GPUError): PipelineError {
  const [first] = message.trim().split('\n');
  if (/exceeds? .*(limit|maximum)|out of memory/i.test(message)) {
    return new PipelineError('DEVICE_LIMIT', `Expected what this GPU allows but received: ${first}`, {
      hint: SMALLER,
    });
  }
  return new PipelineError('DEVICE_FAILED', `Expected the GPU to do as told but it reported: ${first}`, {
    hint: 'The results would be wrong: choose another backend, and report this.',
  });
}
