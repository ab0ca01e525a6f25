import type { Command } from 'commander';
import { PipelineError } from '../errors.js';

/** What a command gets besides its own arguments. */
export interface CommandEnvironment {
  /** Fires on Ctrl-C and on SIGTERM. */
  signal: AbortSignal;
  /**
   * For what ends in order, as a server does: how long that may take after the signal. It then ends with status 0, or
   * 130 after Ctrl-C.
   */
  allowToEnd(milliseconds: number): void;
  /** For what, given again after it was cancelled, goes on from there instead of beginning anew: so it is said. */
  goesOn(): void;
}

/** Adds one command to the program. */
export type CommandDefinition = (program: Command, environment: CommandEnvironment) => void;

/** For options that exclude or need each other. */
export function usageError(message: string, hint?: string): PipelineError {
  return new PipelineError('USAGE', message, hint === undefined ? {} : { hint });
}
