import type { Command } from 'commander';
import { visibleCommands } from '../usage.js';

/** A word that may stand where one is being typed. */
export interface Candidate {
  /** The whole word; one that ends with `=`, `.` or `,` goes on. */
  value: string;
  about: string;
}

export interface Completions {
  candidates: readonly Candidate[];
  /** What of the disk may stand there, too. */
  paths: 'none' | 'files' | 'folders';
}

export function commandsOf(command: Command): Candidate[] {
  return visibleCommands(command).map((one) => ({ value: one.name(), about: one.description() }));
}
