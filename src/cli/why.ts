import type { Chapter } from '../audit/chapter.js';
import type { Answer, Story } from '../audit/why.js';
import { PipelineError } from '../errors.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';

/** Chapters of one kind that are told as text, one after the other; JSON has all. */
const TOLD = 8;

interface WhyOptions {
  source?: string;
  dump: boolean;
  json?: boolean;
}

const EXAMPLES = examples(
  ['pipeline why RUN 917gEs5SMdL', 'what became of an image'],
  ['pipeline why RUN B01P5HX40X listings_0.json.gz:2', 'of an item, and of a row of the dump'],
);

export const whyCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('why')
    .argument('<run>', 'a run folder')
    .argument('<keys...>', 'image ids, photos’ paths, item ids, or rows as SHARD:LINE')
    .description('Tells what became of records, and why')
    .addHelpText('after', EXAMPLES)
    .option('--source <dir>', 'the dump, where it no longer lies where the run found it')
    .option('--no-dump', 'tells only what the run itself wrote')
    .option('--json', 'print JSON')
    .action(async (path: string, keys: string[], { source, dump, json }: WhyOptions) => {
      const { explainRecords } = await import('../audit/why.js');
      const { dumpOfRun } = await import('../audit/dump-of-run.js');
      const { readRun } = await import('../audit/run-files.js');
      const run = await readRun(path);
      // What came by stdin cannot be looked at again.
      const there = dump && (source !== undefined || run.summary.source !== '-');
      const found = there ? await dumpOfRun(run, { dir: source, without: '--no-dump', signal }) : undefined;
      const answer = await explainRecords({ run: path, keys: [...new Set(keys)], source: found, signal });
      process.stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : printable(describe(answer)));
      if (answer.unknown.length > 0) throw unknownKeys(answer);
    });
};

function describe({ stories }: Answer): string {
  return stories.map(storyText).join('\n');
}

function storyText({ key, about, id, chapters }: Story): string {
  const lines = alike(chapters).flatMap((group) => {
    const more = group.length - TOLD;
    return [
      ...group.slice(0, TOLD).map(chapterText),
      ...(more > 0 ? [`  ${whereOf(group[0]!)}: … and ${more} more like these; --json has them all`] : []),
    ];
  });
  return `${[`${about} ${id}${key === id ? '' : ` (${key})`}`, ...lines].join('\n')}\n`;
}

/** Chapters that follow one another and tell of the same thing. */
function alike(chapters: readonly Chapter[]): Chapter[][] {
  const groups: Chapter[][] = [];
  for (const chapter of chapters) {
    const last = groups.at(-1)?.[0];
    const same = last && whereOf(last) === whereOf(chapter) && last.reason === chapter.reason;
    if (same) groups.at(-1)!.push(chapter);
    else groups.push([chapter]);
  }
  return groups;
}

function chapterText(chapter: Chapter): string {
  const { text, todo } = chapter;
  return `  ${whereOf(chapter)}: ${text}${todo === undefined ? '' : `\n    To do: ${todo}.`}`;
}

function whereOf({ stage, task }: Chapter): string {
  return task === undefined ? stage : `${stage} ${task}`;
}

function unknownKeys({ run, unknown }: Answer): PipelineError {
  const near = unknown.flatMap((one) => one.near);
  return new PipelineError('NOT_FOUND', `Expected keys that ${run} knows but it does not know these`, {
    key: unknown.map(({ key }) => key).join(', '),
    hint:
      near.length > 0 ? `Near: ${near.join(', ')}` : 'Keys are image ids, paths, item ids, or SHARD:LINE.',
  });
}
