import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Real data beside the repository; tests that need it skip, loudly, where it is absent. */
export const SHARED = resolve(process.env['ABO_SHARED'] ?? '../shared');
export const SAMPLE = resolve(process.env['ABO_SAMPLE'] ?? join(SHARED, 'abo-sample'));

/** Whether a piece of the shared data is missing; says so once a file when it is. */
export function absent(path: string): boolean {
  if (existsSync(path)) return false;
  console.warn(`SKIPPED: ${path} is absent (set ABO_SHARED or ABO_SAMPLE)`);
  return true;
}
