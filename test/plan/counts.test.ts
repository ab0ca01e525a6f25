import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countsOfRun, publishedCounts } from '#src/plan/counts.js';
import { loadRecipe, parseRecipe } from '#src/recipe-file.js';
import { temporaryFolder } from '../fixtures.js';

const TASK = 'product_type';

describe('publishedCounts', () => {
  it.each(['v2', 'v2-faithful'])('gives the post’s numbers of %s', async (name) => {
    const recipe = await loadRecipe(`recipes/${name}.yaml`);
    const { photos, listings, tasks } = await publishedCounts(recipe, [TASK]);
    expect({ photos, listings }).toEqual({ photos: 398_212, listings: 147_702 });
    const { splits, ...counts } = tasks.get(TASK)!;
    expect(counts).toEqual({ classes: 34, before: 290_575, samples: 64_992, basis: 'published' });
    expect(splits.train + splits.validation + splits.test).toBe(64_992);
    expect(splits.test).toBe(Math.round(64_992 * recipe.split.test));
  });

  it('says where it rests on sizes that nobody published', async () => {
    const recipe = await loadRecipe('recipes/mobilenet.yaml');
    const { tasks } = await publishedCounts(recipe, [TASK]);
    expect(tasks.get(TASK)!.basis).toBe('assumed');
  });

  it('refuses attributes whose counts nobody published', async () => {
    const recipe = await loadRecipe('recipes/color.yaml');
    await expect(publishedCounts(recipe, ['color'])).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('countsOfRun', () => {
  it('takes what a run found, and names what it lacks', async () => {
    const folder = await temporaryFolder('plan');
    try {
      await expect(countsOfRun(folder.path, [TASK])).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await mkdir(folder.path, { recursive: true });
      const splits = { train: 70, validation: 10, test: 20 };
      const stages = [
        { name: 'parse', in: 50 },
        { name: 'deduplicate', in: 120 },
      ];
      const summary = { tasks: { [TASK]: { classes: 3, samples: 100, splits } }, stages };
      await writeFile(join(folder.path, 'summary.json'), JSON.stringify(summary));
      const found = await countsOfRun(folder.path, [TASK]);
      expect(found).toMatchObject({ photos: 120, listings: 50 });
      expect(found.tasks.get(TASK)).toEqual({ classes: 3, samples: 100, splits, basis: 'run' });
      await expect(countsOfRun(folder.path, ['color'])).rejects.toMatchObject({ code: 'USAGE' });
    } finally {
      await folder.dispose();
    }
  });
});

it('a recipe’s own rules decide', async () => {
  const text = `
name: a
tasks: { product_type: { select: [SHOES, SANDAL, BOOTS], merge: { BOOT: BOOTS }, cap: 3000 } }
model: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }
`;
  const { tasks } = await publishedCounts(parseRecipe(text), [TASK]);
  expect(tasks.get(TASK)).toMatchObject({
    classes: 3,
    before: 33_804 + 2973 + 2856,
    samples: 3000 + 2973 + 2856,
    basis: 'published',
  });
});
