import type { Argument, Command, Option } from 'commander';
import { placeholderOf } from '../paths.js';
import { type Candidate, type Completions, commandsOf } from './candidates.js';
import { type Line, optionNamed, readLine } from './line.js';
import { placeholderValues } from './values.js';

const NOTHING: Completions = { candidates: [], paths: 'none' };

/**
 * What may stand at the end of a command line, by the commands' own declarations.
 * @param words all after the program's name, the last as far as it is typed.
 */
export async function complete(program: Command, words: readonly string[]): Promise<Completions> {
  const typed = words.at(-1) ?? '';
  const line = readLine(program, words.slice(0, -1));
  const { candidates, paths } = await possible(line, typed);
  return { paths, candidates: candidates.filter(({ value }) => value.startsWith(typed)) };
}

async function possible(line: Line, typed: string): Promise<Completions> {
  const { command, operands, waiting, ended } = line;
  if (waiting !== undefined && !(waiting.variadic && typed.startsWith('-'))) {
    return valuesOf(line, waiting, typed);
  }
  if (!ended && typed.startsWith('-')) {
    const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
    if (name === undefined) return { candidates: optionsOf(command), paths: 'none' };
    const option = optionNamed(line, name);
    return option === undefined ? NOTHING : after(`${name}=`, await valuesOf(line, option, value!));
  }
  if (command.commands.length > 0) return { candidates: commandsOf(command), paths: 'none' };
  const argument = argumentAt(command, operands.length);
  if (argument !== undefined) return valuesOf(line, argument, typed);
  return { candidates: ended ? [] : optionsOf(command), paths: 'none' };
}

function valuesOf(
  line: Line,
  declared: Option | Argument,
  typed: string,
): Completions | Promise<Completions> {
  const { argChoices } = declared;
  if (argChoices !== undefined) {
    return { candidates: argChoices.map((value) => ({ value, about: '' })), paths: 'none' };
  }
  return placeholderValues(placeholderOf(declared), { line, typed });
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, about: description }] : []));
}

/** The last takes all that come where it is variadic. */
function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic ? last : undefined);
}

function after(prefix: string, { candidates, paths }: Completions): Completions {
  return { paths, candidates: candidates.map(({ value, about }) => ({ value: prefix + value, about })) };
}
