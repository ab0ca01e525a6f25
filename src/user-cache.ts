import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * A folder of the user's for what is fetched once and used by many runs: `${XDG_CACHE_HOME:-~/.cache}/abo-pipeline/NAME`.
 * A relative XDG_CACHE_HOME counts as none, as the XDG base directory specification has it.
 */
export function userCache(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const named = env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'abo-pipeline', name);
}
