import { PipelineError } from '../errors.js';
import { type Recipe, recipeSchema } from '../recipe.js';

/**
 * Grounds as the command line has them, by comma.
 * @throws {PipelineError} `USAGE` for one that the recipe's schema does not know.
 */
export function parseGrounds(same: string, family: string): Pick<Recipe['deduplicate'], 'same' | 'family'> {
  const list = (text: string) => text.split(',').filter(Boolean);
  const result = recipeSchema.shape.deduplicate.safeParse({ same: list(same), family: list(family) });
  if (result.success) return { same: result.data.same, family: result.data.family };
  const [issue] = result.error.issues;
  throw new PipelineError(
    'USAGE',
    `Expected known grounds for --${issue?.path[0]?.toString()} but: ${issue?.message}`,
  );
}

/** How much makes a photo boilerplate, as `LISTINGS,TYPES`, or `none`. @throws {PipelineError} `USAGE` */
export function parseBoilerplate(text: string): Recipe['deduplicate']['boilerplate'] {
  if (text === 'none') return false;
  const [listings, types, ...more] = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const result = recipeSchema.shape.deduplicate.safeParse({ boilerplate: { listings, types } });
  if (result.success && types !== undefined && more.length === 0) return result.data.boilerplate;
  throw new PipelineError(
    'USAGE',
    `Expected LISTINGS,TYPES or none for --boilerplate but received "${text}"`,
  );
}
