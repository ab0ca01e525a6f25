import { BOILERPLATE, type BoilerplateLimits } from '../duplicates/boilerplate.js';
import { PipelineError } from '../errors.js';
import { type Recipe, recipeSchema } from '../recipe.js';
import { describeIssues } from '../zod-issues.js';

/**
 * Grounds as the command line has them, by comma.
 * @throws {PipelineError} `USAGE` for one that the recipe's schema does not know.
 */
export function parseGrounds(same: string, family: string): Pick<Recipe['deduplicate'], 'same' | 'family'> {
  const list = (text: string) => text.split(',').filter(Boolean);
  const given = { same: list(same), family: list(family) };
  const result = recipeSchema.shape.deduplicate.safeParse(given, { reportInput: true });
  if (result.success) return { same: result.data.same, family: result.data.family };
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [`--${String(issue.path[0])}`] }));
  throw new PipelineError('USAGE', describeIssues(issues).join('\n  '));
}

/** `BOILERPLATE` as it is written on a command line. */
export const BOILERPLATE_TEXT = `${BOILERPLATE.listings},${BOILERPLATE.types}`;

/** As `parseBoilerplateLimits`, or `none`. @throws {PipelineError} `USAGE` */
export function parseBoilerplate(text: string): BoilerplateLimits | false {
  return text !== 'none' && parseBoilerplateLimits(text);
}

/** How much makes a photo boilerplate, as `LISTINGS,TYPES`. @throws {PipelineError} `USAGE` */
export function parseBoilerplateLimits(text: string): BoilerplateLimits {
  const [listings, types, ...more] = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const result = recipeSchema.shape.deduplicate.safeParse({ boilerplate: { listings, types } });
  const limits = result.success && types !== undefined && more.length === 0 && result.data.boilerplate;
  if (limits) return limits;
  throw new PipelineError(
    'USAGE',
    `Expected LISTINGS,TYPES such as ${BOILERPLATE_TEXT} for --boilerplate but received "${text}"`,
  );
}
