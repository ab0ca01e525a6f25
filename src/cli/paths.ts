import type { Argument, Command, Option } from 'commander';
import { usageError } from './command.js';

const FILES = /^(.*[=|])?\]?(file|path|photos?|recipe|wheel)$/;
const FOLDERS = /^(dir|run|runs|cache|cache\|model)$/;

/** What stands for the value of an option or an argument: `file` of `--recipe <file>`. */
export function placeholderOf(declared: Option | Argument): string {
  if ('flags' in declared) return /<(.*)>$/.exec(declared.flags)?.[1] ?? '';
  return declared.name();
}

/** What of the disk may stand for such a value. */
export function pathsFor(placeholder: string): 'none' | 'files' | 'folders' {
  return FOLDERS.test(placeholder) ? 'folders' : FILES.test(placeholder) ? 'files' : 'none';
}

/**
 * An empty path would be the current folder, which nobody means: mostly it is a shell's variable that is not set.
 * @throws {PipelineError} `USAGE` for an option or an argument of a command that takes a path and was given none.
 */
export function assertPaths(command: Command): void {
  const given = [
    ...command.options.map((option) => [option, command.getOptionValue(option.attributeName())] as const),
    ...command.registeredArguments.map((one, at) => [one, command.processedArgs[at] as unknown] as const),
  ];
  for (const [declared, value] of given) {
    const placeholder = placeholderOf(declared);
    if (pathsFor(placeholder) === 'none') continue;
    const empty = [value].flat().find((one) => isEmpty(one, placeholder));
    if (empty === undefined) continue;
    const name = 'flags' in declared ? declared.flags : `<${placeholder}>`;
    throw usageError(
      `Expected a path for ${name} but received "${String(empty)}"`,
      'Perhaps a variable of the shell is not set. The current folder is called `.`.',
    );
  }
}

/** Of `[task=]file` what follows the name counts. */
function isEmpty(value: unknown, placeholder: string): boolean {
  return typeof value === 'string' && (value === '' || (placeholder.includes('=]') && value.endsWith('=')));
}
