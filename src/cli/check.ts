import { PipelineError } from '../errors.js';
import { CHECK_NAMES, type CheckReport } from '../models/check/check.js';

const STATES = { ok: 'ok', flag: 'FLAG', skipped: '-' } as const;

/** What `train --check` found, for people. */
export function describeChecks(reports: readonly CheckReport[]): string[] {
  return reports.flatMap(({ task, checks, backend }) => [
    `${task}, on ${backend.name}`,
    ...checks.map(({ check, state, phase, text }) => {
      const where = phase === undefined ? '' : ` (phase ${phase})`;
      return `  ${STATES[state].padEnd(5)} ${CHECK_NAMES[check]}${where}: ${text}`;
    }),
  ]);
}

/** @throws {PipelineError} `CHECK_FAILED` where something was flagged. */
export function assertUnflagged(reports: readonly CheckReport[]): void {
  const flagged = reports.flatMap(({ task, checks }) =>
    checks.filter(({ state }) => state === 'flag').map(({ check }) => `${task}: ${CHECK_NAMES[check]}`),
  );
  if (flagged.length === 0) return;
  throw new PipelineError(
    'CHECK_FAILED',
    `Expected training that learns but ${flagged.length} ${flagged.length === 1 ? 'thing is' : 'things are'} amiss`,
    { stage: 'check', hint: [...new Set(flagged)].join('; ') },
  );
}
