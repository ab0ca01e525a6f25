import { spawn, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../fixtures.js';

const BIN = fileURLToPath(new URL('../../../bin', import.meta.url));

/** Whether programs are there; where one is not, what needs it is skipped, and said so. */
function available(...programs: string[]): boolean {
  const missing = programs.filter((one) => spawnSync('sh', ['-c', `command -v ${one}`]).status !== 0);
  if (missing.length > 0) console.warn(`SKIPPED: no ${missing.join(', ')} here`);
  return missing.length === 0;
}

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('shells');
  await writeFile(join(folder.path, 'demo.yaml'), 'tasks: { shape: {} }\n');
  await writeFile(join(folder.path, 'dummy.txt'), '');
  await mkdir(join(folder.path, 'dump'));
});
afterAll(() => folder.dispose());

/** What a program prints that is run in the folder, with `pipeline` on its path, and typed to. */
function typedTo(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, {
    cwd: folder.path,
    env: {
      ...process.env,
      PATH: `${BIN}${delimiter}${process.env['PATH']}`,
      TERM: 'dumb',
      HOME: folder.path,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(Buffer.concat(out).toString()));
  });
}

/** Shells that complete only what is typed on a terminal, which `script` gives them. */
const TERMINALS = {
  bash: { start: 'bash --norc --noprofile -i', setup: '' },
  zsh: { start: 'zsh -f -i', setup: 'autoload -Uz compinit && compinit -u -D; ' },
};

/** Says what it was called with, so that completed lines can be run. */
const PRETENDED = `pipeline() { case $1 in complete) command pipeline "$@" ;; *) printf 'RAN'; printf ' <%s>' "$@"; echo ;; esac; }`;

describe.each(Object.entries(TERMINALS))('%s', (shell, { start, setup }) => {
  it.skipIf(process.platform !== 'linux' || !available(shell, 'script'))(
    'completes commands, options, their values, files and keys of the recipe',
    async () => {
      const lines = [
        `${setup}eval "$(pipeline completion ${shell})"; ${PRETENDED}`,
        'pipeline cur\t--rec\tde\t --sou\tdump\t --set views=ma\t --set tasks.\tcap\t7 --out=du\t',
        'echo | pipeline fet\twei\tvgg\t',
        'exit',
      ];
      const printed = await typedTo('script', ['-qec', start, '/dev/null'], `${lines.join('\n')}\n`);
      const ran = printed.split(/\r?\n/).filter((line) => line.startsWith('RAN'));
      // zsh takes a folder's slash away again before a space.
      expect(
        ran.map((line) => line.replaceAll('dump/', 'dump')),
        printed,
      ).toEqual([
        'RAN <curate> <--recipe> <demo.yaml> <--source> <dump> <--set> <views=main> <--set> <tasks.shape.cap=7> <--out=dump>',
        'RAN <fetch> <weights> <vgg16>',
      ]);
    },
  );
});

describe('fish', () => {
  it.skipIf(!available('fish'))(
    'completes commands, options, their values, files and keys of the recipe',
    async () => {
      const candidates = async (line: string) => {
        const command = `pipeline completion fish | source; complete -C '${line}'`;
        const printed = await typedTo('fish', ['-N', '-c', command], '');
        return printed.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0]]));
      };
      expect(await candidates('pipeline cur')).toEqual(['curate']);
      expect(await candidates('pipeline run --rec')).toEqual(['--recipe']);
      expect(await candidates('pipeline run --recipe de')).toEqual(['demo.yaml']);
      expect(await candidates('pipeline tree --source du')).toEqual(['dump/']);
      expect(await candidates('pipeline run --out=du')).toEqual(['--out=dump/']);
      expect(await candidates('pipeline run --set views=')).toEqual(['views=all', 'views=main']);
      expect(await candidates('pipeline run --recipe demo.yaml --set tasks.')).toEqual(['tasks.shape.']);
      expect(await candidates('pipeline fetch weights vgg')).toEqual(['vgg16']);
    },
  );
});
