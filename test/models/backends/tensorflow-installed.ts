import { join } from 'node:path';
import type { StartedBackend } from '#src/models/backends/backend.js';
import { installed } from '#src/models/backends/tensorflow/cache-folder.js';
import { startInstalled } from '#src/models/backends/tensorflow.js';

const home = process.env['ABO_TEST_CACHE_HOME'];

/** The developer's own installation, which tests do not see by themselves (vitest.config.ts). */
export const installation =
  home === undefined ? undefined : installed('tensorflow', join(home, 'abo-pipeline', 'backends'));

/**
 * Whether tests of the real library have to be skipped; says so loudly. `REQUIRE=tensorflow` makes it a failure.
 */
export function absentTensorFlow(): boolean {
  if (installation !== undefined) return false;
  const message = 'the backend tensorflow is not installed (bin/pipeline backend install tensorflow)';
  if ((process.env['REQUIRE'] ?? '').split(',').includes('tensorflow')) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
  return true;
}

export function startTensorFlow(): Promise<StartedBackend> {
  return startInstalled(installation!);
}
