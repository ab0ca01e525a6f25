import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help, type Option } from 'commander';
import { asPipelineError, explain } from '../errors.js';
import type { CommandEnvironment } from './command.js';
import { commands } from './commands.js';
import { printable } from './printable.js';

/** A worker deep in one native call cannot be asked to stop: Ctrl-C must end the process all the same. */
const CANCEL_GRACE_MS = 1500;

/**
 * The command line: returns the process's exit status (0 done, 1 failed, 2 wrong usage or recipe, 130 Ctrl-C) and
 * prints errors as text for people, never as a stack trace.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  let told = false;
  const tellCancelled = () => {
    if (!told) process.stderr.write('Cancelled; the same command goes on from here.\n');
    told = true;
  };
  // What cannot be asked to stop, such as a long step of a native library, may never say that it was.
  const end = (signal: NodeJS.Signals) => {
    tellCancelled();
    die(signal);
  };
  const cancel = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) end(signal);
    controller.abort();
    setTimeout(() => end(signal), CANCEL_GRACE_MS).unref();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  // `| head` closes the pipe: that is how a pipe ends, not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${explain(asPipelineError(error))}\n`);
    process.exit(1);
  });

  try {
    await program({ signal: controller.signal }).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = asPipelineError(error);
    // Last of all: a thread that is still loading a native library has muted the process until it ends.
    if (failure.code === 'ABORTED') process.once('exit', tellCancelled);
    else process.stderr.write(`${printable(explain(failure))}\n`);
    if (failure.code === 'INTERNAL' && process.env['ABO_DEBUG']) console.error(failure.cause);
    return failure.exitCode;
  }
}

/**
 * Ends the process as if it had not listened to the signal, which a shell reports as 128 + its number. `process.exit`
 * would run native libraries' destructors under threads that are still at work in them, and crash.
 */
function die(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** An option that may be repeated is none where it is not given: commander would show its empty list. */
function optionDescription(this: Help, option: Option): string {
  const none = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return none ? option.description : Help.prototype.optionDescription.call(this, option);
}

function program(environment: CommandEnvironment): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const root = new Command('pipeline')
    .description('Turns a raw product catalogue into trained photo classifiers.')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
    .configureHelp({ optionDescription });
  for (const define of commands) define(root, environment);
  for (const command of root.commands) command.exitOverride();
  return root;
}
