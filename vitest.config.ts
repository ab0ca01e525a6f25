import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Worker threads, LMDB and native decoders must live in real processes, as they do for users.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
