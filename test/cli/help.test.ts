import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { nameOf, visibleCommands } from '#src/cli/usage.js';
import { pipeline } from '../fixtures.js';
import { exampleCommands, helpOf, program, workingCommands } from './command-line.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The same words on a command line whose commands do nothing: only whether they are understood. */
async function understood(words: readonly string[]): Promise<void> {
  const root = await program();
  for (const command of workingCommands(root)) command.action(() => {});
  await root.parseAsync(words, { from: 'user' });
}

const named = (commands: readonly Command[]) =>
  commands.map((command): [string, Command] => [nameOf(command), command]);
/** Also those that only have commands of their own. */
const all = (parent: Command): Command[] =>
  visibleCommands(parent).flatMap((command) => [command, ...all(command)]);

const whole = await program();

describe.each(named([whole, ...all(whole)]))('%s --help', (name, command) => {
  it('has examples that the command line understands', async () => {
    const help = helpOf(command);
    const lines = exampleCommands(help).filter(([first]) => !['zcat', 'find', 'jq'].includes(first!));
    expect(lines.some((words) => words.join(' ').startsWith(name))).toBe(true);
    for (const [first, ...words] of lines) {
      expect(first).toBe('pipeline');
      await understood(words);
      for (const recipe of words.filter((word) => word.startsWith('recipes/')))
        expect(existsSync(join(ROOT, recipe)), recipe).toBe(true);
    }
  });
});

it('every command takes --json, but those whose output is no result', () => {
  const without = workingCommands(whole).filter(
    ({ options }) => !options.some(({ long }) => long === '--json'),
  );
  expect(without.map((command) => command.name())).toEqual(['help', 'completion']);
});

describe('pipeline help', () => {
  it('prints what --help prints', async () => {
    for (const words of [[], ['train'], ['fetch', 'weights']]) {
      const [help, option] = await Promise.all([
        pipeline(['help', ...words]),
        pipeline([...words, '--help']),
      ]);
      expect(help).toEqual(option);
      expect(help.code).toBe(0);
    }
  });

  it('knows what may have been meant', async () => {
    const { code, stdout, stderr } = await pipeline(['help', 'fetch', 'wieghts']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'USAGE: Expected a command but received "wieghts"\n' +
        '  Did you mean weights? `pipeline fetch --help` lists the commands.\n',
    );
  });
});
