import { readFile } from 'node:fs/promises';
import { Argument } from 'commander';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';

/** Each has its script in bin/completion, which asks `pipeline complete` for what may come. */
const SHELLS = ['bash', 'zsh', 'fish'] as const;

const EXAMPLES = examples(
  ['eval "$(pipeline completion bash)"', 'in ~/.bashrc'],
  ['eval "$(pipeline completion zsh)"', 'in ~/.zshrc, after compinit'],
  ['pipeline completion fish > ~/.config/fish/completions/pipeline.fish', 'once'],
);

export const completionCommand: CommandDefinition = (program) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .description('Prints what makes a shell complete commands, options, their values and recipes’ keys')
    .addHelpText('after', EXAMPLES)
    .action(async (shell: (typeof SHELLS)[number]) => {
      const script = new URL(`../../bin/completion/pipeline.${shell}`, import.meta.url);
      process.stdout.write(await readFile(script));
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]', 'all after the program’s name, the last as far as it is typed')
    .description(
      'What shells ask: on the first line what of the disk may come (none, files, folders), then the words',
    )
    .action(async (words: string[]) => {
      const { complete } = await import('./completion/complete.js');
      const { paths, candidates } = await complete(program, words);
      const lines = candidates.map(
        ({ value, about }) => `${value}\t${printable(about).replace(/\s+/g, ' ')}`,
      );
      process.stdout.write(`${[paths, ...lines].join('\n')}\n`);
    });
};
