import { expect, it } from 'vitest';
import { kernelMatrix } from '#src/advise/kernel.js';
import { nearestPhotos } from '#src/advise/neighbours.js';
import { drawnSide } from './drawn.js';

const { signal } = new AbortController();
const side = drawnSide([
  { label: 'A', kind: 0, component: 'x' },
  { label: 'A', kind: 0, component: 'x' },
  { label: 'A', kind: 0, component: 'y' },
  { label: 'B', kind: 1, component: 'z' },
]);
const components = side.photos.map(({ component }) => component);

it('finds the nearest photos of other components, and how often each is asked', async () => {
  const kernel = await kernelMatrix(side, { signal });
  const { rows, asked } = nearestPhotos(kernel, { components });
  expect(rows[0]![0]).toBe(2);
  expect([...rows[0]!].sort()).toEqual([2, 3]);
  expect([...rows[2]!].sort()).toEqual([0, 1, 3]);
  expect([...asked]).toEqual([2, 2, 3, 3]);
});

it('finds them among some', async () => {
  const columns = Int32Array.of(3, 0);
  const kernel = await kernelMatrix(side, { columns, signal });
  const { rows } = nearestPhotos(kernel, { components, columns });
  expect([...rows[1]!]).toEqual([3]);
  expect([...rows[2]!]).toEqual([0, 3]);
});
