import { type Command, CommanderError } from 'commander';
import { asPipelineError, explain, type PipelineError } from '../errors.js';
import { painted } from './colours.js';
import { clearTerminal } from './live-views.js';
import { printable } from './printable.js';
import { createProgram } from './program.js';
import { usageFailure, withReadOn } from './usage.js';

/** A worker deep in one native call cannot be asked to stop: Ctrl-C must end the process all the same. */
const CANCEL_GRACE_MS = 1500;

/**
 * The command line: returns the process's exit status (0 done, 1 failed, 2 wrong usage or recipe, 130 Ctrl-C) and
 * prints errors as text for people, never as a stack trace.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  let told = false;
  /** What a command that ends in order needs to end. */
  let grace: number | undefined;
  let resumes = false;
  let cancelledBy: NodeJS.Signals | undefined;
  const tellCancelled = () => {
    const cancelled = resumes ? 'Cancelled; the same command goes on from here.' : 'Cancelled.';
    if (!told) process.stderr.write(`${grace === undefined ? cancelled : 'Stopped at once.'}\n`);
    told = true;
  };
  // What cannot be asked to stop, such as a long step of a native library, may never say that it was.
  const end = (signal: NodeJS.Signals) => {
    clearTerminal();
    tellCancelled();
    die(signal);
  };
  const cancel = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) end(signal);
    cancelledBy = signal;
    controller.abort();
    setTimeout(() => end(signal), grace ?? CANCEL_GRACE_MS).unref();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  // `| head` closes the pipe: that is how a pipe ends, not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    clearTerminal();
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${explain(asPipelineError(error))}\n`);
    process.exit(1);
  });

  const allowToEnd = (milliseconds: number) => {
    grace = milliseconds;
  };
  const goesOn = () => {
    resumes = true;
  };
  const program = await createProgram({ signal: controller.signal, allowToEnd, goesOn }, argv[0]);
  let command: Command = program;
  const follow = (_: Command, next: Command) => {
    command = next;
  };
  for (const group of [program, ...program.commands]) group.hook('preSubcommand', follow);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return grace !== undefined && cancelledBy === 'SIGINT' ? 130 : 0;
  } catch (error) {
    const failure = failureOf(error, command);
    if (failure === undefined) return (error as CommanderError).exitCode === 0 ? 0 : 2;
    // Last of all: a thread that is still loading a native library has muted the process until it ends.
    if (failure.code === 'ABORTED') process.once('exit', tellCancelled);
    else process.stderr.write(`${shown(failure)}\n`);
    if (failure.code === 'INTERNAL' && process.env['ABO_DEBUG']) console.error(failure.cause);
    return failure.exitCode;
  }
}

/** Undefined where commander only ended with showing help or the version. */
function failureOf(error: unknown, command: Command): PipelineError | undefined {
  if (error instanceof CommanderError) return usageFailure(error, command);
  return withReadOn(asPipelineError(error), command);
}

/** An error's text, its code in colour where stderr has any. */
function shown(failure: PipelineError): string {
  const text = printable(explain(failure));
  return painted(failure.code, 'red', process.stderr) + text.slice(failure.code.length);
}

/**
 * Ends the process as if it had not listened to the signal, which a shell reports as 128 + its number. `process.exit`
 * would run native libraries' destructors under threads that are still at work in them, and crash.
 */
function die(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
