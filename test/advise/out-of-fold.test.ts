import { expect, it } from 'vitest';
import { kernelMatrix } from '#src/advise/kernel.js';
import { outOfFold } from '#src/advise/out-of-fold.js';
import { exactSmoother, landmarkSmoother } from '#src/advise/smoother.js';
import type { TrainSide } from '#src/advise/train-side.js';
import { factorCholesky, solveCholesky } from '#src/models/kernel/cholesky.js';
import { uniform } from '#src/random.js';
import { drawnSide, LENGTH } from './drawn.js';

const { signal } = new AbortController();
const LABELS = ['A', 'B', 'C'];
/** 40 photos in components of up to four, whose labels say little of what they look like. */
const side = drawnSide(
  Array.from({ length: 40 }, (_, row) => ({
    label: LABELS[row % 3]!,
    kind: Math.floor(3 * uniform('kind', row)),
    component: `component${Math.floor(10 * uniform('component', row) ** 2) + (row % 2 ? 100 + row : 0)}`,
  })),
);
const own = ({ labels, groups }: TrainSide) => ({ labels, groups, classes: LABELS.length, signal });

async function smootherOf(of: TrainSide) {
  return exactSmoother(await kernelMatrix(of, { signal }), of.photos.length, { signal });
}

it('knows the kernel of all photos, and of all with some', async () => {
  const all = await kernelMatrix(side, { signal });
  const columns = Int32Array.of(7, 39);
  const some = await kernelMatrix(side, { columns, signal });
  for (let row = 0; row < 40; row++) {
    expect(all[row * 40 + row]).toBeCloseTo(1, 6);
    for (const [at, column] of columns.entries()) {
      let distance = 0;
      for (let k = 0; k < LENGTH; k++) {
        distance += (side.vectors[row * LENGTH + k]! - side.vectors[column * LENGTH + k]!) ** 2;
      }
      expect(all[row * 40 + column]).toBeCloseTo(Math.exp(-2 * distance), 6);
      expect(some[row * 2 + at]).toBe(all[row * 40 + column]);
    }
  }
});

/** What does not depend on the temperature: ratios of differences between scores. */
function ratio([a, b, c]: readonly number[]): number {
  return (a! - b!) / (a! - c!);
}
const said = (probabilities: Float64Array, row: number) =>
  ratio([0, 1, 2].map((k) => Math.log(probabilities[row * 3 + k]!)));

it('says of a component what a head says that was solved without it', async () => {
  const found = await outOfFold(await smootherOf(side), own(side));
  const kernel = await kernelMatrix(side, { signal });
  for (const group of side.groups) {
    const rest = [...side.labels.keys()].filter((row) => !group.includes(row));
    const system = Float64Array.from({ length: rest.length ** 2 }, (_, at) => {
      const [a, b] = [rest[Math.floor(at / rest.length)]!, rest[at % rest.length]!];
      return kernel[a * 40 + b]! + (a === b ? 0.3 : 0);
    });
    await factorCholesky(system, rest.length, { signal });
    const targets = Float64Array.from(
      rest.flatMap((row) => [0, 1, 2].map((k) => Number(side.labels[row] === k))),
    );
    const alpha = solveCholesky(system, rest.length, targets, rest.length);
    for (const row of group) {
      const scores = [0, 1, 2].map((k) =>
        rest.reduce((sum, other, at) => sum + kernel[row * 40 + other]! * alpha[at * 3 + k]!, 0),
      );
      expect(said(found, row)).toBeCloseTo(ratio(scores), 6);
    }
  }
});

it('sees no label of the component itself', async () => {
  const found = await outOfFold(await smootherOf(side), own(side));
  const group = side.groups.find(({ length }) => length > 1)!;
  const labels = side.labels.map((label, row) => (group.includes(row) ? (label + 1) % 3 : label));
  const other = await outOfFold(await smootherOf(side), { ...own(side), labels });
  for (const row of group) expect(said(other, row)).toBeCloseTo(said(found, row), 8);
  const outside = side.groups.find((rows) => rows !== group)![0]!;
  expect(said(other, outside)).not.toBeCloseTo(said(found, outside), 4);
});

it('gives the same where every photo is a landmark', async () => {
  const exact = await outOfFold(await smootherOf(side), own(side));
  const columns = Int32Array.from({ length: 40 }, (_, row) => (row * 7) % 40);
  const kernel = await kernelMatrix(side, { columns, signal });
  const landmarks = await landmarkSmoother(kernel, columns, { signal });
  const found = await outOfFold(landmarks, own(side));
  for (const [at, value] of found.entries()) expect(value).toBeCloseTo(exact[at]!, 5);
});

it('stops when it is told to', async () => {
  const stopped = AbortSignal.abort();
  await expect(kernelMatrix(side, { signal: stopped })).rejects.toMatchObject({ code: 'ABORTED' });
});
