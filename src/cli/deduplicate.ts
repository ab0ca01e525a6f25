import { Option } from 'commander';
import { PipelineError } from '../errors.js';
import { type Recipe, recipeSchema } from '../recipe.js';
import { deduplicate } from '../stages/deduplicate.js';
import type { CommandDefinition } from './command.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';

type Grounds = Recipe['deduplicate'];
const { same: SAME, family: FAMILY } = recipeSchema.shape.deduplicate.parse({});

interface DeduplicateCommandOptions extends FilterOptions {
  photos: 'decode' | 'stat' | 'none';
  conflicts: 'majority' | 'first';
  language?: string;
  same: string;
  family: string;
}

export const deduplicateCommand: CommandDefinition = (program, environment) => {
  filterCommand(program, 'deduplicate', 'Joined views → photos: same pictures merged, families linked')
    .addOption(
      new Option('--photos <how>', 'whether photos are read')
        .choices(['decode', 'stat', 'none'])
        .default('decode'),
    )
    .addOption(
      new Option('--conflicts <rule>', 'which of several values wins')
        .choices(['majority', 'first'])
        .default('majority'),
    )
    .option(
      '--language <tags>',
      'which of a listing’s texts is its value, by preference and comma: en_US,en_*,* (the default)',
    )
    .option('--same <grounds>', 'grounds on which photos are merged, by comma', SAME.join(','))
    .option('--family <grounds>', 'grounds on which photos are linked, by comma', FAMILY.join(','))
    .action(({ photos, conflicts, language, same, family, ...options }: DeduplicateCommandOptions) =>
      runStageFilter(
        options,
        environment,
        deduplicate({
          photos,
          conflicts,
          language: language?.split(',').filter(Boolean),
          ...grounds(same, family),
        }),
      ),
    );
};

function grounds(same: string, family: string): Grounds {
  const list = (text: string) => text.split(',').filter(Boolean);
  const result = recipeSchema.shape.deduplicate.safeParse({ same: list(same), family: list(family) });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PipelineError(
    'USAGE',
    `Expected known grounds for --${issue?.path[0]?.toString()} but: ${issue?.message}`,
  );
}
