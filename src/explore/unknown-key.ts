import { meant } from '../edit-distance.js';
import { type ErrorCode, PipelineError } from '../errors.js';

/** Keys of listings in a message. */
const MOST_NAMED = 20;

/**
 * The error for a key that no listing has.
 * @param options.asked where the key was named, such as `--task`
 * @param options.keys those that listings have
 * @param options.more what else may help
 */
export function unknownKey(
  code: ErrorCode,
  options: { asked: string; key: string; keys: readonly string[]; more?: string },
): PipelineError {
  const { asked, key, keys, more = '' } = options;
  const some = `${keys.slice(0, MOST_NAMED).join(', ')}${keys.length > MOST_NAMED ? ', …' : ''}`;
  return new PipelineError(
    code,
    `Expected a key that listings have for ${asked} but received "${key}"${meant(key, keys)}`,
    { hint: `They have ${some || 'none'}.${more}` },
  );
}
