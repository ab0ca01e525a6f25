import { spawn } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, temporaryFolder } from '../fixtures.js';
import { ROOT } from './commands.js';

/** A folder that commands of the documents run in: as a clone that is built, with recipes that take seconds. */
export async function workspace(name: string) {
  const folder = await temporaryFolder(name);
  for (const each of ['bin', 'dist', 'scripts', 'docs', 'node_modules', 'package.json']) {
    await symlink(join(ROOT, each), join(folder.path, each));
  }
  await cp(join(ROOT, 'recipes'), join(folder.path, 'recipes'), { recursive: true });
  for (const recipe of ['demo.yaml', 'folder.yaml']) await quicken(join(folder.path, 'recipes', recipe));
  return { ...folder, shell: (text: string) => shell(text, folder.path) };
}

/** The same recipe for seconds instead of minutes. */
async function quicken(recipe: string): Promise<void> {
  const text = await readFile(recipe, 'utf8');
  const quick = text
    .replace(/epochs: \d+/, 'epochs: 1')
    .replace(/^( +)size: \d+/m, '$1size: 16')
    .replace(/minPerClass: \d+/, 'minPerClass: 4');
  if (quick === text) throw new Error(`Expected epochs or a size in ${recipe}`);
  await writeFile(recipe, quick);
}

function shell(text: string, cwd: string): Promise<Finished> {
  const env = { ...process.env, FORCE_COLOR: '', PATH: `${join(ROOT, 'bin')}:${process.env['PATH']}` };
  const child = spawn('bash', ['-o', 'pipefail', '-c', text], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const finished: Finished = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    finished.stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    finished.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...finished, code }));
  });
}

/** The documents' name of a cache, whose size is in it, as the quick recipes' cache is called. */
export function ofQuickCache(text: string): string {
  return text.replaceAll('cache-48', 'cache-16');
}
