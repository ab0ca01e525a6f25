import { describe, expect, it } from 'vitest';
import type { Backend } from '#src/models/backends/backend.js';
import { startBackend } from '#src/models/backends/index.js';

const failing = (name: Backend['name'], error: Error): Backend => ({
  name,
  trains: true,
  start: () => Promise.reject(error),
});

describe('auto', () => {
  it('names what kept each backend from starting', async () => {
    const emulated: Backend = {
      name: 'webgpu',
      trains: true,
      start: async () =>
        ({ name: 'webgpu', device: 'SwiftShader', emulated: true, stop: async () => {} }) as never,
    };
    const failure = await startBackend('auto', {}, [
      emulated,
      failing('wasm', new Error('no SIMD')),
      failing('cpu', new Error('it did not start', { cause: new Error('a file is missing') })),
    ]).catch((error) => error);
    expect(failure.code).toBe('BACKEND_UNAVAILABLE');
    expect(failure.cause.message.split(/\n\s*/)).toEqual([
      'webgpu: SwiftShader is only emulated',
      'wasm: no SIMD',
      'cpu: it did not start (a file is missing)',
    ]);
    expect(failure.cause.errors).toHaveLength(3);
  });
});
