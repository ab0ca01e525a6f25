import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Worker threads, LMDB and native decoders must live in real processes, as they do for users.
    pool: 'forks',
    // What a developer has installed must not change what `auto` means in a test: those of an installed backend name it.
    env: {
      XDG_CACHE_HOME: join(tmpdir(), 'abo-test-cache'),
      ABO_TEST_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
