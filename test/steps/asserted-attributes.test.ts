import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecipe } from '#src/recipe-file.js';
import type { Listing } from '#src/records.js';
import { withAttributes } from '#src/steps/asserted-attributes.js';
import { collect, iterate } from '#src/streams.js';

const recipe = parseRecipe(`
name: shop
tasks: { label: { attribute: category }, color: {} }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`);
const tasks = ['label', 'color'];
const listing = (itemId: string, ...keys: string[]): Listing => ({
  itemId,
  otherImageIds: [],
  attributes: Object.fromEntries(keys.map((key) => [key, [{ value: 'x' }]])),
  digest: itemId,
});
const passed = (listings: readonly Listing[]) =>
  collect(withAttributes(iterate(listings), { recipe, tasks }));

describe('tasks’ attributes', () => {
  it('are those of some listing, wherever it comes', async () => {
    const keys = fc.uniqueArray(fc.constantFrom('category', 'color', 'sku'));
    await fc.assert(
      fc.asyncProperty(fc.array(keys), async (all) => {
        const listings = all.map((some, index) => listing(String(index), ...some));
        const there = new Set<string>(all.flat());
        const missing = [
          ['label', 'category'],
          ['color', 'color'],
        ].find(([, key]) => !there.has(key!));
        const reading = passed(listings);
        if (missing === undefined || all.length === 0) expect(await reading).toEqual(listings);
        else
          await expect(reading).rejects.toMatchObject({
            code: 'RECIPE_INVALID',
            message: expect.stringContaining(
              `for tasks.${missing[0]}.attribute but received "${missing[1]}"`,
            ),
          });
      }),
    );
  });

  it('are asked for with the keys that there are, and the one that was likely meant', async () => {
    await expect(passed([listing('A', 'categroy', 'colour')])).rejects.toMatchObject({
      message: expect.stringContaining('did you mean "categroy"?'),
      hint: 'They have categroy, colour.',
    });
    await expect(passed([listing('A', 'category', 'colour')])).rejects.toMatchObject({
      message: expect.stringContaining('did you mean "colour"?'),
      hint: expect.stringContaining('--set tasks.color.attribute=KEY'),
    });
  });
});
