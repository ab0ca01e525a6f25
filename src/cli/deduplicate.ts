import { Option } from 'commander';
import { recipeSchema } from '../recipe.js';
import { deduplicate } from '../stages/deduplicate.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { type FilterOptions, filterCommand, runStageFilter } from './filter.js';
import { BOILERPLATE_TEXT, parseBoilerplate, parseGrounds } from './grounds.js';

const { same: SAME, family: FAMILY } = recipeSchema.shape.deduplicate.parse({});

interface DeduplicateCommandOptions extends FilterOptions {
  photos: 'decode' | 'stat' | 'none';
  conflicts: 'majority' | 'first';
  language?: string;
  same: string;
  family: string;
  boilerplate: string;
}

const EXAMPLES = examples(
  [
    'pipeline deduplicate --ledger merged.jsonl.gz < joined.jsonl > photos.jsonl',
    'writes what became of each picture, too',
  ],
  [
    'pipeline deduplicate --photos none < joined.jsonl > photos.jsonl',
    'by image ids alone, without reading a photo',
  ],
);

export const deduplicateCommand: CommandDefinition = (program, environment) => {
  filterCommand(
    program,
    'deduplicate',
    'Joined views → photos: same pictures merged, families linked',
    EXAMPLES,
  )
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
    .option(
      '--boilerplate <listings,types>',
      'a photo in more listings, or of more product types, is dropped; none: none is',
      BOILERPLATE_TEXT,
    )
    .action(
      ({ photos, conflicts, language, same, family, boilerplate, ...options }: DeduplicateCommandOptions) =>
        runStageFilter(
          options,
          environment,
          'joined view',
          deduplicate({
            photos,
            conflicts,
            language: language?.split(',').filter(Boolean),
            ...parseGrounds(same, family),
            boilerplate: parseBoilerplate(boilerplate),
          }),
        ),
    );
};
