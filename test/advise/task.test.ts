import { describe, expect, it } from 'vitest';
import { adviseTask } from '#src/advise/task.js';
import { drawnSide, labelled } from './drawn.js';

const options = { seed: 1, look: 5, signal: new AbortController().signal };
const clean = labelled(['A', 'B', 'C', 'D'], 30);
const flipped = new Map([
  [3, 'C'],
  [45, 'D'],
  [101, 'A'],
]);
const side = drawnSide(clean.map((photo, row) => ({ ...photo, label: flipped.get(row) ?? photo.label })));

describe('adviseTask', () => {
  it('finds labels that were flipped, with what they were and photos that say so', async () => {
    const { mislabelled, accuracy, joint, lookFirst, merge, broad, rules } = await adviseTask(side, options);
    expect(mislabelled.map(({ imageId }) => imageId).sort()).toEqual(['photo101', 'photo3', 'photo45']);
    const first = mislabelled.find(({ imageId }) => imageId === 'photo3')!;
    expect(first).toMatchObject({ label: 'C', suggested: 'A', neighbours: { all: 10 } });
    expect(first.neighbours.suggested).toBeGreaterThan(8);
    expect(first.like.suggested).toHaveLength(3);
    expect(first.margin).toBeLessThan(0);
    expect(accuracy).toBeCloseTo(117 / 120, 10);
    expect(joint.pairs).toHaveLength(3);
    expect(lookFirst.map(({ why }) => why)).toEqual(['doubted', 'doubted', 'doubted']);
    expect([merge, broad, rules]).toEqual([[], [], {}]);
  });

  it('finds them by landmarks, too', async () => {
    const exact = await adviseTask(side, options);
    const { landmarks, ...found } = await adviseTask(side, { ...options, mostRows: 50 });
    expect(landmarks).toBe(120);
    expect(found.mislabelled.map(({ path }) => path)).toEqual(exact.mislabelled.map(({ path }) => path));
  });

  it.each([
    ['all', 6000],
    ['landmarks', 50],
  ])('tells how far both of its steps are, by %s', async (_, mostRows) => {
    const told: Record<string, number[]> = {};
    const onRows = (step: string, done: number, total: number) => {
      told[step] = [...(told[step] ?? []), done / total];
    };
    await adviseTask(side, { ...options, mostRows, onRows });
    expect(Object.keys(told)).toEqual(['compare', 'solve']);
    for (const shares of Object.values(told)) {
      expect(shares.length).toBeGreaterThan(3);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBeLessThanOrEqual(1);
    }
    expect(told['compare']!.at(-1)).toBe(1);
  });

  it('says the same twice', async () => {
    expect(await adviseTask(side, options)).toEqual(await adviseTask(side, options));
  });

  it('shows a component once and kinds in turn in what to look at first', async () => {
    const more = clean.map((photo, row) => ({
      ...photo,
      label: row < 4 ? 'B' : row === 64 ? 'D' : photo.label,
      component: row < 3 ? 'family' : `component${row}`,
    }));
    const { lookFirst } = await adviseTask(drawnSide(more), options);
    expect(lookFirst).toHaveLength(3);
    expect(new Set(lookFirst.slice(0, 2).map(({ label }) => label))).toEqual(new Set(['B', 'D']));
  });

  it('refuses a side with nothing to tell apart', async () => {
    const one = adviseTask(drawnSide(labelled(['A'], 3)), options);
    await expect(one).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const tied = labelled(['A', 'B'], 2).map((photo) => ({ ...photo, component: 'all' }));
    await expect(adviseTask(drawnSide(tied), options)).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
  });
});
