import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const webgpu = 'test/models/backends/webgpu.test.ts';
const tensorflow = 'test/models/backends/tensorflow.test.ts';

/** Vulkan in software, so that the backend webgpu is tested without a GPU: Debian's chromium-common ships it. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const named = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];

export default defineConfig({
  test: {
    // Worker threads, LMDB and native decoders must live in real processes, as they do for users.
    pool: 'forks',
    // As many as there are cores: by default one core is left for the watcher, of two the half.
    maxWorkers: '100%',
    // What a developer has installed must not change what `auto` means in a test: those of an installed backend name it.
    env: {
      XDG_CACHE_HOME: join(tmpdir(), 'abo-test-cache'),
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'], exclude: [webgpu, tensorflow] } },
      {
        extends: true,
        // The developer's own installation.
        test: {
          name: 'tensorflow',
          include: [tensorflow],
          env: { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? '' },
        },
      },
      {
        extends: true,
        test: {
          name: 'webgpu',
          include: [webgpu],
          // The dynamic linker reads them when a process starts.
          env:
            named === undefined && existsSync(swiftShader)
              ? { LD_LIBRARY_PATH: '/usr/lib/chromium', VK_ICD_FILENAMES: swiftShader }
              : {},
        },
      },
    ],
  },
});
