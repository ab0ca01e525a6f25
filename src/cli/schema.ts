import { recipeJsonSchema } from '../recipe.js';
import type { CommandDefinition } from './command.js';

export const schemaCommand: CommandDefinition = (program) => {
  program
    .command('schema')
    .description('Prints the JSON Schema of recipes, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
    });
};
