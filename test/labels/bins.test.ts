import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binLabels, numberOf, quantileEdges } from '#src/labels/bins.js';
import { convert, UNIT_NAMES } from '#src/labels/units.js';

describe('convert', () => {
  it.each([
    [1, 'pounds', 'kilograms', 0.45359237],
    [16, 'OZ', 'pounds', 1],
    [12, 'inches', 'feet', 1],
    [2.54, 'Centimetres', 'inches', 1],
    [3, 'lbs.', 'pounds', 3],
  ])('%d %s in %s is %d', (value, from, into, result) => {
    expect(convert(value, from, into)).toBeCloseTo(result, 12);
  });

  it('knows no unit that it was not told, and makes no length of a weight', () => {
    expect(convert(1, 'stones', 'kilograms')).toBeUndefined();
    expect(convert(1, 'inches', 'kilograms')).toBeUndefined();
  });

  it('comes back to where it was', () => {
    const unit = fc.constantFrom(...UNIT_NAMES);
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), unit, unit, (value, from, into) => {
        const there = convert(value, from, into);
        fc.pre(there !== undefined);
        expect(convert(there, into, from)! / value).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('bins', () => {
  it('read numbers as people write them, and nothing else', () => {
    expect(numberOf({ value: ' 2,5 ', unit: 'kg' }, 'grams')).toBeCloseTo(2500, 9);
    expect(numberOf({ value: '2017' }, undefined)).toBe(2017);
    for (const value of ['', 'heavy', 'NaN', 'Infinity', '1,000,000']) {
      expect(numberOf({ value }, undefined)).toBeUndefined();
    }
    expect(numberOf({ value: '2', unit: 'kg' }, undefined)).toBeUndefined();
  });

  it('give an edge to the bin above it', () => {
    const labelOf = binLabels({ kind: 'bins', edges: [2015, 2018] }, []);
    const names = ['2014', '2015', '2017.9', '2018', '-3'].map((value) => labelOf({ value }));
    expect(names).toEqual(['below 2015', '2015 to 2018', '2015 to 2018', '2018 or more', 'below 2015']);
  });

  it('take one measure in any unit for the same', () => {
    const edges = [7.62, 25.4, 30.48, 50.8, 60.96, 91.44];
    const labelOf = binLabels({ kind: 'bins', unit: 'centimeters', edges }, []);
    const above = (low: number) => expect.stringMatching(new RegExp(`^${low} (to|cent)`));
    const measures: [string, string, number][] = [
      ['3', 'inches', 7.62],
      ['76.2', 'mm', 7.62],
      ['0.0762', 'm', 7.62],
      ['7.62', 'cm', 7.62], // biome-ignore format: a table
      ['12', 'inches', 30.48],
      ['1', 'feet', 30.48],
      ['20', 'inches', 50.8],
      ['24', 'inches', 60.96], // biome-ignore format: a table
      ['2', 'feet', 60.96],
      ['36', 'inches', 91.44],
      ['3', 'feet', 91.44],
      ['1', 'yards', 91.44], // biome-ignore format: a table
    ];
    for (const [value, unit, low] of measures) {
      expect(labelOf({ value, unit }), `${value} ${unit}`).toEqual(above(low));
    }
  });

  it('by quantiles give all that is an edge to the bin above it, however the edge is shown', () => {
    const pounds = [1, 2, 3, 5, 8, 10, 15, 25].flatMap((value) => Array.from({ length: 40 }, () => value));
    const values = pounds.map((value) => ({ value: `${value}`, unit: 'pounds' }));
    for (const unit of ['pounds', 'kilograms', 'grams', 'ounces']) {
      const labelOf = binLabels({ kind: 'bins', unit, quantiles: 4 }, values);
      const bins = new Map<string, Set<number>>();
      for (const [index, value] of values.entries()) {
        const label = labelOf(value)!;
        bins.set(label, (bins.get(label) ?? new Set()).add(pounds[index]!));
      }
      expect(
        [...bins.values()].map((held) => [...held]),
        unit,
      ).toEqual([
        [1, 2],
        [3, 5],
        [8, 10],
        [15, 25],
      ]);
    }
  });

  it('by quantiles hold equally many of distinct numbers, give or take one, and are never empty', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 2, max: 8 }), (some, quantiles) => {
        const edges = quantileEdges(some, quantiles);
        const sizes = [...edges, Number.POSITIVE_INFINITY].map(
          (high, at) => some.filter((one) => one < high && one >= (edges[at - 1] ?? 0)).length,
        );
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        if (some.length >= quantiles) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(quantileEdges([...some].reverse(), quantiles)).toEqual(edges);
      }),
    );
    expect(quantileEdges([5, 5, 5, 5], 4)).toEqual([]);
  });
});
