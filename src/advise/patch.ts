import { matchKey } from '../attributes.js';
import { percent } from '../percent.js';
import type { TaskRecipe } from '../recipe.js';
import { shellWord } from '../shell-word.js';
import type { TaskAdvice } from './task.js';

/** Tasks' advice, by name, with what the recipe has of them. */
export type AdvisedTasks = ReadonlyMap<string, { recipe: TaskRecipe; advice: TaskAdvice }>;

/**
 * A recipe that lays the advice over another: labels that are merged; labels to leave out as comments, since that is
 * for a person to decide.
 * @param options.parent the recipe's file, relative to where this one will lie
 * @param options.command what makes the run again with it, in a shell in `cwd`
 */
export function recipePatch(
  tasks: AdvisedTasks,
  options: { name: string; parent: string; command: string; cwd: string },
): string {
  const { name, parent, command, cwd } = options;
  const sections = [...tasks].flatMap(([task, { recipe, advice }]) => {
    const lines = [...mergeLines(recipe, advice), ...broadLines(recipe, advice)];
    const says = lines.some((line) => !line.startsWith('#'));
    return lines.length === 0
      ? []
      : [`  ${quoted(task)}:${says ? '' : ' {}'}`, ...lines.map((line) => `    ${line}`)];
  });
  return [
    '# What `pipeline advise` found, laid over the recipe of the run:',
    `#   cd ${shellWord(cwd)}`,
    `#   ${command}`,
    ...(sections.length === 0 ? ['# No label is advised to be changed.'] : []),
    `extends: ${quoted(parent)}`,
    `name: ${quoted(`${name}-advised`)}`,
    ...(sections.length === 0 ? [] : ['tasks:', ...sections]),
    '',
  ].join('\n');
}

function mergeLines(recipe: TaskRecipe, { merge, rules }: TaskAdvice): string[] {
  const all = mergesOf(recipe, rules);
  if (Object.keys(all).length === 0) return [];
  return [
    ...merge.map(
      ({ from, into, confused, photos, overlap }) =>
        `# ${oneLine(from)} and ${oneLine(into)}: ${confused} of ${photos} photos taken for the other, ${percent(overlap)} overlap`,
    ),
    'merge:',
    ...Object.entries(all).map(([from, into]) => `  ${quoted(from)}: ${quoted(into)}`),
  ];
}

/**
 * The merges that a recipe needs for rules to hold: labels that it merged into one that is merged now go along. Labels
 * that are groups of a tree, and the one that collects the rest, are not made by merging.
 */
export function mergesOf(
  { merge, other, level = 'fine' }: TaskRecipe,
  rules: Readonly<Record<string, string>>,
): Record<string, string> {
  if (level !== 'fine') return {};
  const bucket = other === undefined ? undefined : matchKey(other);
  const own = Object.entries(rules).filter((pair) => pair.every((label) => matchKey(label) !== bucket));
  const into = new Map(own.map(([from, to]) => [matchKey(from), to]));
  const along = Object.entries(merge).flatMap(([from, to]) => {
    const next = into.get(matchKey(to));
    return next === undefined ? [] : [[from, next] as const];
  });
  return Object.fromEntries([...own, ...along]);
}

function broadLines({ drop }: TaskRecipe, { broad }: TaskAdvice): string[] {
  if (broad.length === 0) return [];
  return [
    ...broad.map(
      ({ label, classes, own }) =>
        `# ${oneLine(label)} is broad: its photos lie among ${classes.toFixed(1)} classes, ${percent(own)} beside their own`,
    ),
    '# To leave out what is broad:',
    `# drop: [${[...drop, ...broad.map(({ label }) => label)].map(quoted).join(', ')}]`,
  ];
}

/** JSON's strings are YAML's. */
const quoted = (text: string) => JSON.stringify(text);
/** A label must not end its comment. */
const oneLine = (text: string) => JSON.stringify(text).slice(1, -1);
