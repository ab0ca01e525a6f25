// Installs what is missing and builds what is stale, so that `npm start` and `npm test` are the only two
// commands a newcomer needs. It lives inside the scripts because npm skips pre-hooks with ignore-scripts.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the project's root with its output on this terminal; exits with its status if it fails. */
export function sh(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function install() {
  const stamp = `${root}node_modules/.abo-pipeline-lock`;
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // The stamp is written when an install has finished, so an interrupted one is done again.
  console.error('installing dependencies (npm ci --ignore-scripts) …');
  sh('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

export function prepare() {
  install();
  sh(process.execPath, ['scripts/build.js']);
}
