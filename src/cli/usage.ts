import type { Command, CommanderError } from 'commander';
import { didYouMean } from '../edit-distance.js';
import { PipelineError } from '../errors.js';

/**
 * What commander did not understand, as an error of the product: what was expected and received, what may have been
 * meant, and where to read on. Undefined where it has only shown help or the version.
 * @param command the one that did not understand.
 */
export function usageFailure(error: CommanderError, command: Command): PipelineError | undefined {
  const [message, meant = ''] = describe(error, command) ?? [];
  if (message === undefined) return undefined;
  return new PipelineError('USAGE', message, {
    hint: `${meant}${meant === '' ? '' : ' '}${readOn(command)}`,
  });
}

/** An error of usage, or of a recipe, with somewhere to read on where it does not say what to do itself. */
export function withReadOn(error: PipelineError, command: Command): PipelineError {
  const hint = { USAGE: readOn(command), RECIPE_INVALID: '`pipeline schema` prints what a recipe may have.' }[
    error.code as string
  ];
  if (hint === undefined || error.hint !== undefined) return error;
  const { code, message, stage, key, cause } = error;
  return new PipelineError(code, message, {
    ...(stage !== undefined && { stage }),
    ...(key !== undefined && { key }),
    ...(cause !== undefined && { cause }),
    hint,
  });
}

function describe(error: CommanderError, command: Command): [message: string, meant?: string] | undefined {
  const quoted = /'(.*?)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownCommand':
      return [
        `Expected a command but received "${quoted}"`,
        didYouMean(
          quoted,
          visibleCommands(command).map((one) => one.name()),
        ),
      ];
    case 'commander.unknownOption':
      return unknownOption(quoted, command);
    case 'commander.missingMandatoryOptionValue': {
      // A misspelt option is missed before it is seen: it is what has to be told.
      const unknown = command.args.find((word) => /^-./.test(word));
      return unknown === undefined ? [`Expected ${missing(command)}`] : unknownOption(unknown, command);
    }
    case 'commander.optionMissingArgument':
      return [`Expected a value for ${quoted} but received nothing`];
    case 'commander.missingArgument':
      return [`Expected <${quoted}> but received nothing`];
    case 'commander.excessArguments': {
      const most = command.registeredArguments.length;
      return [
        `Expected ${most === 0 ? 'no arguments' : `at most ${most}`} but received ${command.args.join(' ')}`,
      ];
    }
    case 'commander.invalidArgument':
      return invalidChoice(error.message);
    case 'commander.help':
    case 'commander.helpDisplayed':
    case 'commander.version':
      return undefined;
    default:
      return [error.message.replace(/^error: /, '')];
  }
}

function missing(command: Command): string {
  const options = command.options.filter(
    (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
  );
  return options.map(({ flags }) => flags).join(' and ');
}

function unknownOption(received: string, command: Command): [string, string] {
  const option = received.split('=')[0]!;
  const names = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => (long ? [long] : []));
  return [`Expected an option of ${nameOf(command)} but received "${option}"`, didYouMean(option, names)];
}

/** Commander says of both options and arguments what was received and what is allowed. */
function invalidChoice(message: string): [string, string?] {
  const found =
    /'([^']*)'? ?argument '(.*)' is invalid|argument value '(.*)' is invalid for argument '(.*)'/.exec(
      message,
    );
  const [, flags, received = found?.[3] ?? '', , argument] = found ?? [];
  const choices = /Allowed choices are (.*)\.$/.exec(message)?.[1]?.split(', ') ?? [];
  const name = flags ?? `<${argument}>`;
  return [
    `Expected one of ${choices.join(', ')} for ${name} but received "${received}"`,
    didYouMean(received, choices),
  ];
}

/** Its name with those of what it belongs to: `pipeline fetch weights`. */
export function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

/** A command's own that the help lists. */
export function visibleCommands(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function readOn(command: Command): string {
  const name = `\`${nameOf(command)} --help\``;
  return command.commands.length > 0
    ? `${name} lists the commands.`
    : `${name} has the options, and examples.`;
}
