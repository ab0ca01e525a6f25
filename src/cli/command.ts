import type { Command } from 'commander';
import { PipelineError } from '../errors.js';

/** What a command gets besides its own arguments. */
export interface CommandEnvironment {
  /** Fires on Ctrl-C and on SIGTERM. */
  signal: AbortSignal;
}

/** Adds one command to the program. */
export type CommandDefinition = (program: Command, environment: CommandEnvironment) => void;

/** For options that exclude or need each other. */
export function usageError(message: string, hint?: string): PipelineError {
  return new PipelineError('USAGE', message, hint === undefined ? {} : { hint });
}
