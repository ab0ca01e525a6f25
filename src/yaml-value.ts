import { parse } from 'yaml';
import { PipelineError } from './errors.js';

/**
 * YAML as plain data: without aliases, which could make it endless.
 * @param where names it in messages.
 * @throws {PipelineError} `RECIPE_INVALID`
 */
export function yamlValue(text: string, where: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new PipelineError('RECIPE_INVALID', `Expected YAML (without aliases) in ${where}`, {
      hint: 'A text that begins with one of *&[{!%@ or has ": " or " #" in it needs quotes.',
      cause: error,
    });
  }
}

/** Whether a value has keys: no list, no text. */
export function hasKeys(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
