import { join } from 'node:path';
import type { Command } from 'commander';
import { PUBLISHED } from '../../models/weights/published.js';
import { recipePlace } from '../../recipe-keys.js';
import { readWithParents } from '../../recipe-parents.js';
import { RECIPE_FILE } from '../../run.js';
import { hasKeys } from '../../yaml-value.js';
import { pathsFor } from '../paths.js';
import { type Candidate, type Completions, commandsOf } from './candidates.js';
import type { Line } from './line.js';

/** Where a value is being typed, and what of it is there. */
interface Place {
  line: Line;
  typed: string;
}

/** What may stand for a value whose declaration says only what kind it is: `<dir>`, `<path=value>`, `<task,…>`. */
export async function placeholderValues(placeholder: string, place: Place): Promise<Completions> {
  return { paths: pathsFor(placeholder), candidates: (await WORDS[placeholder]?.(place)) ?? [] };
}

const WORDS: Partial<Record<string, (place: Place) => readonly Candidate[] | Promise<readonly Candidate[]>>> =
  {
    'path=value': overrides,
    'task,…': async (place) => listed(place.typed, Object.keys(await tasksOf(place))),
    '[task=]file': async (place) => Object.keys(await tasksOf(place)).map((task) => word(`${task}=`)),
    '[network=]path': () => [word('none'), ...PUBLISHED.map((network) => word(`${network}=`))],
    command: ({ line }) => commandsOf(line.operands.reduce<Command>(inner, line.command.parent!)),
  };

const word = (value: string, about = ''): Candidate => ({ value, about });
const inner = (command: Command, name: string) =>
  command.commands.find((one) => one.name() === name) ?? command;

/** The next name of a list with commas. */
function listed(typed: string, names: readonly string[]): Candidate[] {
  const earlier = typed.split(',').slice(0, -1);
  return names.filter((name) => !earlier.includes(name)).map((name) => word([...earlier, name].join(',')));
}

/** `model.phases.0.optimizer=` and its values, by the schema, and by what the recipe on the line has. */
async function overrides({ line, typed }: Place): Promise<Candidate[]> {
  const equals = typed.indexOf('=');
  if (equals >= 0) {
    const path = typed.slice(0, equals);
    return recipePlace(path.split('.')).values.map((value) => word(`${path}=${value}`));
  }
  const parents = typed.split('.').slice(0, -1);
  const own = valueAt(await recipeOf(line), parents);
  const { keys } = recipePlace(parents);
  const names = new Set([
    ...keys.keys(),
    ...(typeof own === 'object' && own !== null ? Object.keys(own) : []),
  ]);
  // It is the one key that no override may change.
  if (parents.length === 0) names.delete('extends');
  return [...names].map((key) => {
    const path = [...parents, key];
    const below = recipePlace(path);
    const goesOn = below.keys.size > 0 || Array.isArray(valueAt(own, [key])) || hasKeys(valueAt(own, [key]));
    return word(`${path.join('.')}${goesOn ? '.' : '='}`, keys.get(key));
  });
}

async function tasksOf({ line }: Place): Promise<Record<string, unknown>> {
  const tasks = valueAt(await recipeOf(line), ['tasks']);
  return hasKeys(tasks) ? tasks : {};
}

/** The recipe that the line names, or that of the run, as it is written; undefined where it names none that can be read. */
async function recipeOf({ given, operands: [first], command }: Line): Promise<unknown> {
  const named = command.registeredArguments[0]?.name();
  const own = first !== undefined && named === 'run' ? join(first, RECIPE_FILE) : undefined;
  const file = given.get('recipe') ?? (named === 'recipe' ? first : own);
  return file === undefined ? undefined : readWithParents(file).catch(() => undefined);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((parent, key) => {
    if (Array.isArray(parent)) return parent[Number(key)];
    return hasKeys(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
  }, value);
}
