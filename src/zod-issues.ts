import { inspect } from 'node:util';
import type { z } from 'zod';
import { meant } from './edit-distance.js';

/**
 * What a schema did not accept, in words: `path: Expected … but received …`, a line each. Needs `reportInput`.
 * @param keysAt the keys that may stand at a path, so that a misspelt one is told what it is near to.
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  keysAt: (path: readonly PropertyKey[]) => Iterable<string> = () => [],
): string[] {
  return issues.flatMap((issue) => describeIssue(issue, keysAt));
}

function describeIssue(
  issue: z.core.$ZodIssue,
  keysAt: (path: readonly PropertyKey[]) => Iterable<string>,
): string[] {
  const at = issue.path.map(String).join('.') || '(top level)';
  const input = 'input' in issue ? issue.input : undefined;
  const received =
    input === undefined ? 'nothing' : typeof input === 'number' ? String(input) : written(input);
  const short = received.length > 80 ? `${received.slice(0, 77)}…` : received;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        // A recipe in a file may extend another, one in a text may not: the key itself is no suggestion.
        const others = [...keysAt(issue.path)].filter((name) => name !== key);
        return `${[...issue.path, key].join('.')}: Expected no such key but received "${key}"${meant(key, others)}`;
      });
    case 'invalid_type':
      return [`${at}: Expected ${issue.expected} but received ${short}`];
    case 'invalid_value':
      return [
        `${at}: Expected one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')} but received ${short}${meant(input, issue.values.map(String))}`,
      ];
    case 'too_small':
      return [
        `${at}: Expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${UNITS[issue.origin] ?? ''} but received ${short}`,
      ];
    case 'too_big':
      return [
        `${at}: Expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum} but received ${short}`,
      ];
    case 'invalid_key':
      return [`${at}: Expected another name: ${issue.issues[0]?.message ?? 'letters, digits, _ and -'}`];
    case 'invalid_union':
      // The schema's own words, where it has any.
      if (issue.message !== 'Invalid input')
        return [`${at}: Expected ${issue.message} but received ${short}`];
      return [
        `${at}: Expected ${issue.errors.map((branch) => wanted(branch)).join(' or ')} but received ${short}`,
      ];
    default:
      return [`${at}: Expected ${issue.message} but received ${short}`];
  }
}

const UNITS: Partial<Record<string, string>> = { array: ' in the list', string: ' characters' };

/** What one branch of a union wants, as short as can be. */
function wanted([issue]: readonly z.core.$ZodIssue[]): string {
  if (issue === undefined) return 'something else';
  const at = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  if (issue.code === 'invalid_type') return `${at}${issue.expected}`;
  if (issue.code === 'invalid_value')
    return `${at}${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return `${at}${issue.message}`;
}

/** As JSON, or in Node's way where it has none: functions, bigints, what holds itself. */
function written(value: unknown): string {
  const other = () => inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  try {
    return JSON.stringify(value) ?? other();
  } catch {
    return other();
  }
}
