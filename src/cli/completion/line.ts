import type { Command, Option } from 'commander';

/** What stands before the word that is being typed. */
export interface Line {
  /** The command that it is for. */
  command: Command;
  /** Its arguments so far. */
  operands: string[];
  /** Values of its options so far, by attribute name. */
  given: Map<string, string>;
  /** The option whose value comes next. */
  waiting?: Option | undefined;
  /** Whether `--` has ended the options. */
  ended: boolean;
}

export function readLine(program: Command, words: readonly string[]): Line {
  const line: Line = { command: program, operands: [], given: new Map(), ended: false };
  for (const word of words) {
    if (!line.ended && /^-./.test(word)) readOption(line, word);
    else if (line.waiting !== undefined) readValue(line, line.waiting, word);
    else readOperand(line, word);
  }
  return line;
}

function readOption(line: Line, word: string): void {
  line.waiting = undefined;
  if (word === '--') {
    line.ended = true;
    return;
  }
  const [name, ...value] = word.split('=');
  const option = optionNamed(line, name!);
  if (option === undefined || !takesValue(option)) return;
  if (value.length > 0) readValue(line, option, value.join('='));
  else line.waiting = option;
}

function readValue(line: Line, option: Option, value: string): void {
  line.given.set(option.attributeName(), value);
  if (!option.variadic) line.waiting = undefined;
}

function readOperand(line: Line, word: string): void {
  const inner = line.operands.length === 0 && line.command.commands.find((one) => one.name() === word);
  if (inner) line.command = inner;
  else line.operands.push(word);
}

export function optionNamed({ command }: Line, name: string): Option | undefined {
  return command.options.find(({ long, short }) => name === long || name === short);
}

const takesValue = ({ required, optional }: Option) => required || optional;
