import { join } from 'node:path';
import type { BroadAdvice } from '../advise/broad.js';
import type { LookFirst } from '../advise/look-first.js';
import type { MergeAdvice } from '../advise/merges.js';
import type { Mislabelled } from '../advise/mislabelled.js';
import type { RunAdvice } from '../advise/run.js';
import type { TaskAdvice } from '../advise/task.js';
import { createContext } from '../context.js';
import { percent } from '../percent.js';
import { collectNames, parseInteger } from './arguments.js';
import type { CommandDefinition } from './command.js';
import { examples } from './examples.js';
import { printable } from './printable.js';
import { showProgress } from './progress.js';

interface AdviseOptions {
  task?: string[];
  out?: string;
  look: number;
  json?: boolean;
  quiet?: boolean;
}

/** Photos of one list that are told as text; JSON has all. */
const TOLD = 12;
const LOOK = 24;

const EXAMPLES = examples(
  ['pipeline advise RUN', 'doubtful labels, classes to merge, and a recipe that has this advice'],
  ['pipeline advise RUN --task color --look 100 --json', 'more photos of one task, for another program'],
);

export const adviseCommand: CommandDefinition = (program, { signal }) => {
  program
    .command('advise')
    .argument('<run>', 'a run folder with features of a frozen base')
    .description('Labels that are likely wrong, classes to merge, classes too broad, by the train side alone')
    .addHelpText('after', EXAMPLES)
    .option('--task <task,…>', 'only these tasks', collectNames)
    .option('--out <dir>', 'where recipe.yaml and advice.json are written (default: RUN/advice)')
    .option('--look <n>', 'photos to look at first', parseInteger('--look', 0), LOOK)
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .action(async (run: string, { task, out = join(run, 'advice'), look, json, quiet }: AdviseOptions) => {
      const { adviseRun } = await import('../advise/run.js');
      const context = createContext({}, { signal });
      const progress = showProgress(context.events, { quiet: quiet ?? false });
      try {
        const found = await adviseRun({ run, out, look, context, ...(task && { tasks: task }) });
        progress.stop();
        process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : printable(describe(found)));
      } finally {
        progress.stop();
      }
    });
};

function describe({ run, command, tasks }: RunAdvice): string {
  const lines = Object.entries(tasks).flatMap(([task, advice]) => [...taskLines(task, advice), '']);
  return [...lines, `${run} with this advice:`, `  ${command}`, ''].join('\n');
}

function taskLines(task: string, advice: TaskAdvice): string[] {
  const { photos, classes, components, accuracy, joint, landmarks, mislabelled, merge, broad } = advice;
  const by = landmarks === undefined ? '' : `, ${landmarks} of which stand for all`;
  return [
    `${task}: ${photos} photos of the train side in ${classes} classes, ${components} folds${by}: ${percent(accuracy)} as labelled`,
    `  about ${percent(joint.noise)} of the labels are another class's by confident learning`,
    '',
    `  Likely mislabelled: ${mislabelled.length}`,
    ...listed(mislabelled, mislabelledLines),
    '',
    `  Classes to merge: ${merge.length}`,
    ...listed(merge, mergeLines),
    '',
    `  Classes too broad: ${broad.length}`,
    ...listed(broad, broadLines),
    '',
    `  Look first: ${advice.lookFirst.length}`,
    ...listed(advice.lookFirst, lookLines),
  ];
}

function listed<T>(all: readonly T[], told: (one: T) => string[]): string[] {
  const rest = all.length - TOLD;
  const more = rest > 0 ? [`    and ${rest} more: --json and advice.json have them all`] : [];
  return [...all.slice(0, TOLD).flatMap(told), ...more];
}

function mislabelledLines({ path, label, suggested, support, neighbours, like }: Mislabelled): string[] {
  const { all, suggested: others, own } = neighbours;
  return [
    `    ${path}  ${label}, rather ${suggested} (support ${percent(support)}; of the ${all} nearest photos ${others} are ${suggested}, ${own} ${label})`,
    ...(like.suggested.length > 0 ? [`      like ${like.suggested.join(' ')}`] : []),
  ];
}

function mergeLines({ from, into, confused, photos, leastShare, overlap, examples }: MergeAdvice): string[] {
  return [
    `    ${from} into ${into}: ${confused} of ${photos} photos taken for the other (at least ${percent(leastShare)}), ${percent(overlap)} of their neighbours`,
    ...examples.map(({ path, label, predicted }) => `      ${path}  ${label}, taken for ${predicted}`),
  ];
}

function broadLines({ label, photos, classes, own, recall, among }: BroadAdvice): string[] {
  return [
    `    ${label}: its ${photos} photos lie among ${classes.toFixed(1)} classes, ${percent(own)} beside their own; ${percent(recall)} recognised`,
    ...among.map((other) => `      ${other.path}  among ${other.label} (${percent(other.share)})`),
  ];
}

function lookLines({ path, label, suggested, why, support, asked }: LookFirst): string[] {
  return [
    `    ${path}  ${label} or ${suggested}: ${why}, support ${percent(support)}, beside ${asked} others`,
  ];
}
