import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Sample, SIDES } from '#src/records.js';
import { classReports, PHOTOS_PER_CLASS } from '#src/sinks/report/data.js';

const sample = fc.record({
  label: fc.constantFrom('A', 'B', '__proto__', 'constructor', ''),
  component: fc.constantFrom('c1', 'c2', 'c3'),
  split: fc.constantFrom(...SIDES),
  sha256: fc.constantFrom('00', '11', '22'),
});
const samples = fc.array(sample, { maxLength: 40 }).map((drawn) =>
  drawn.map((one, index): Sample => {
    const path = `${index}.jpg`;
    return { ...one, imageId: `image ${index}`, path, file: `/photos/${path}`, task: 'task' };
  }),
);

it('counts each sample once, on its side of its class', () => {
  fc.assert(
    fc.property(samples, (drawn) => {
      const reports = classReports(drawn);
      const labels = reports.map(({ label }) => label);
      expect(labels).toEqual([...new Set(drawn.map(({ label }) => label))].sort());
      for (const { label, sides } of reports) {
        for (const side of SIDES) {
          const expected = drawn.filter((one) => one.label === label && one.split === side).length;
          expect(sides[side]).toBe(expected);
        }
      }
    }),
  );
});

it('shows the same photos whatever the order of the samples, of different products first', () => {
  fc.assert(
    fc.property(
      samples.chain((drawn) =>
        fc.tuple(
          fc.constant(drawn),
          fc.shuffledSubarray(drawn, { minLength: drawn.length, maxLength: drawn.length }),
        ),
      ),
      ([drawn, shuffled]) => {
        const reports = classReports(drawn);
        expect(classReports(shuffled)).toEqual(reports);
        for (const { label, photos } of reports) {
          const group = drawn.filter((one) => one.label === label);
          const products = new Set(group.map(({ component }) => component)).size;
          const leading = photos
            .slice(0, products)
            .map(({ path }) => group.find((one) => one.path === path)?.component);
          expect(photos).toHaveLength(Math.min(group.length, PHOTOS_PER_CLASS));
          expect(new Set(leading).size).toBe(Math.min(products, PHOTOS_PER_CLASS));
        }
      },
    ),
  );
});

it('takes natural counts from the record itself and not from its prototype', () => {
  const one = {
    component: 'c',
    split: 'train',
    sha256: '',
    imageId: '',
    path: '',
    file: '',
    task: '',
  } as const;
  const drawn = ['constructor', '__proto__', 'A'].map((label) => ({ ...one, label }));
  const natural = Object.fromEntries([
    ['A', 7],
    ['__proto__', 9],
  ]);
  const counts = classReports(drawn, natural).map(({ label, natural: before }) => [label, before]);
  expect(counts).toEqual([
    ['A', 7],
    ['__proto__', 9],
    ['constructor', undefined],
  ]);
});
