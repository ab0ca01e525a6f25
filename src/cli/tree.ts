import { createContext, type ResourceOptions } from '../context.js';
import { meant } from '../edit-distance.js';
import { outputFile } from '../folder.js';
import { figureLines, treeYaml } from '../labels/tree/yaml.js';
import type { Recipe } from '../recipe.js';
import { loadRecipe } from '../recipe-file.js';
import { aboSource } from '../sources/abo.js';
import { writeWholeFile } from '../whole-file.js';
import { collect, parseInteger, parseShare } from './arguments.js';
import { type CommandDefinition, usageError } from './command.js';
import { examples } from './examples.js';
import { showProgress } from './progress.js';

interface TreeCommandOptions extends ResourceOptions {
  source: string;
  recipe: string;
  set: string[];
  task?: string;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

const EXAMPLES = examples([
  'pipeline tree --recipe recipes/v2.yaml --source DUMP --out tree.yaml',
  'the classes’ tree, for a recipe’s `tree`',
]);

export const treeCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('tree')
    .description('Builds the category tree of a task’s classes from the nodes of a dump’s listings')
    .addHelpText('after', EXAMPLES)
    .requiredOption('--source <dir>', 'the dump’s root (folders, or ABO’s archives in it)')
    .requiredOption('--recipe <file>', 'whose task says what the classes are')
    .option('--set <path=value>', 'overrides a value of the recipe (repeatable)', collect, [])
    .option('--task <name>', 'the task; default: the first that names a tree, else the first')
    .option('--out <file>', 'write the tree there, for a recipe’s `tree`; default: print it')
    .option('--max-bad <share>', 'largest share of bad rows', parseShare('--max-bad'))
    .option('--workers <n>', 'threads that read listings', parseInteger('--workers', 1))
    .option('--json', 'print the tree and its figures as one JSON document')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (options: TreeCommandOptions) => {
      const { buildTaskTree } = await import('../steps/build-tree.js');
      const recipe = await loadRecipe(options.recipe, options.set);
      const task = chosenTask(recipe, options.task);
      if (options.out !== undefined) outputFile(options.out);
      const context = createContext(options, { seed: recipe.seed, signal });
      const progress = showProgress(context.events, { quiet: options.quiet ?? false });
      try {
        const source = await aboSource({ dir: options.source, signal, events: context.events });
        const found = await buildTaskTree({ recipe, task, source, context });
        progress.stop();
        const yaml = treeYaml(found, `The category tree of ${task}, built from the listings' nodes.`);
        if (options.out !== undefined) await writeWholeFile(options.out, yaml);
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ task, ...found }, null, 2)}\n`
            : options.out === undefined
              ? yaml
              : `${options.out}: ${figureLines(found.figures).join('\n')}\n`,
        );
      } finally {
        progress.stop();
      }
    });
};

function chosenTask({ tasks }: Recipe, wanted: string | undefined): string {
  const names = Object.keys(tasks);
  if (wanted !== undefined && !Object.hasOwn(tasks, wanted)) {
    throw usageError(
      `Expected a task of the recipe for --task but received "${wanted}"${meant(wanted, names)}`,
      `The tasks are ${names.join(', ')}.`,
    );
  }
  return wanted ?? names.find((name) => tasks[name]!.tree !== undefined) ?? names[0]!;
}
