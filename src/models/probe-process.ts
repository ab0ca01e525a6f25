import { availableParallelism } from 'node:os';
import { asPipelineError } from '../errors.js';
import type { BackendName } from './backends/backend.js';
import { startBackend } from './backends/index.js';
import type { Finding } from './examine.js';
import { probeBackend } from './probe.js';

// Starts and measures one backend, in a process of its own, so that a crash of a native library ends nothing else.
const [name, seconds] = process.argv.slice(2) as [BackendName, string];

async function find(): Promise<Finding> {
  try {
    const started = await startBackend(name, { threads: availableParallelism() });
    const { device, version, emulated = false } = started;
    const { failure, ...rates } = await probeBackend(started, Number(seconds));
    const { message, hint } = failure === undefined ? {} : asPipelineError(failure);
    return {
      available: true,
      trains: rates.trainedImagesPerSecond !== undefined,
      device,
      version,
      emulated,
      ...rates,
      memoryBytes: process.resourceUsage().maxRSS * 1024,
      ...(message !== undefined && { why: message }),
      ...(hint !== undefined && { hint }),
    };
  } catch (error) {
    const { message, hint } = asPipelineError(error);
    return { available: false, trains: false, why: message, ...(hint !== undefined && { hint }) };
  }
}

process.send!(await find(), () => process.exit());
