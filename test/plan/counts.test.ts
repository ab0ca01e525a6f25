import { describe, expect, it } from 'vitest';
import { publishedCounts } from '#src/plan/counts.js';
import { loadRecipe } from '#src/recipe-file.js';

const TASK = 'product_type';

describe('publishedCounts', () => {
  it.each(['v2', 'v2-faithful'])('gives the post’s numbers of %s', async (name) => {
    const recipe = await loadRecipe(`recipes/${name}.yaml`);
    const { photos, listings, tasks } = await publishedCounts(recipe);
    expect({ photos, listings }).toEqual({ photos: 398_212, listings: 147_702 });
    const { splits, ...counts } = tasks.get(TASK)!;
    expect(counts).toEqual({ classes: 34, before: 290_575, samples: 64_992, levels: [], basis: 'published' });
    expect(splits.train + splits.validation + splits.test).toBe(64_992);
    expect(splits.test).toBe(Math.round(64_992 * recipe.split.test));
  });

  it('says where it rests on sizes that nobody published', async () => {
    const recipe = await loadRecipe('recipes/mobilenet.yaml');
    const { tasks } = await publishedCounts(recipe);
    expect(tasks.get(TASK)!.basis).toBe('assumed');
  });

  it('refuses attributes whose counts nobody published', async () => {
    const recipe = await loadRecipe('recipes/color.yaml');
    await expect(publishedCounts(recipe)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('finds the groups of the classes in the recipe’s tree', async () => {
    const recipe = await loadRecipe('recipes/b-cnn.yaml');
    const { classes, levels } = (await publishedCounts(recipe)).tasks.get(TASK)!;
    expect(levels.map(({ level }) => level)).toEqual(['coarse', 'middle']);
    for (const { classes: groups, of } of levels) {
      expect(of).toHaveLength(classes);
      expect(new Set(of).size).toBe(groups.length);
    }
    expect(levels[0]!.classes).toContain('FURNITURE');
  });
});
