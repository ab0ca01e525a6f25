import { recipeJsonSchema } from '../recipe.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';

const EXAMPLES = examples(['pipeline schema > recipe.schema.json', 'for an editor that completes recipes']);

export const schemaCommand: CommandDefinition = (program) => {
  program
    .command('schema')
    .description('Prints the JSON Schema of recipes, for editors')
    .addHelpText('after', EXAMPLES)
    // It does so anyway: every command takes it.
    .option('--json', 'print JSON, as it does without')
    .action(() => {
      process.stdout.write(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
    });
};
