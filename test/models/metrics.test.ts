import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationOf } from '#src/models/calibration.js';
import {
  cohenKappa,
  confusionMatrix,
  logLoss,
  macroF1,
  naturalAccuracy,
  perClassMetrics,
  predictedClasses,
  topAccuracy,
  topClasses,
  weightedF1,
} from '#src/models/metrics.js';
import { fitTemperature, negativeLogLikelihood, softmax } from '#src/models/temperature.js';
import { golden, hasShared } from './goldens.js';

interface GoldenMetrics {
  classes: number;
  labels: number[];
  probabilities: number[];
  accuracy: number;
  top3: number;
  top5: number;
  macroF1: number;
  weightedF1: number;
  kappa: number;
  ece15: number;
  precision: number[];
  recall: number[];
  f1: number[];
  support: number[];
  confusion: number[][];
  logLoss: number;
  temperature: number;
  nll: number;
  nllAtTemperature: number;
}

describe.skipIf(!hasShared('goldens/metrics.json.gz'))('metrics', () => {
  const expected = hasShared('goldens/metrics.json.gz')
    ? golden<GoldenMetrics>('metrics.json.gz')
    : ({} as GoldenMetrics);

  it('are scikit-learn’s', () => {
    expect(topAccuracy(expected, 1)).toBeCloseTo(expected.accuracy, 12);
    expect(topAccuracy(expected, 3)).toBeCloseTo(expected.top3, 12);
    expect(topAccuracy(expected, 5)).toBeCloseTo(expected.top5, 12);
    expect(logLoss(expected)).toBeCloseTo(expected.logLoss, 9);
    const confusion = confusionMatrix(expected);
    expect(confusion).toEqual(expected.confusion);
    expect(macroF1(confusion)).toBeCloseTo(expected.macroF1, 12);
    const table = perClassMetrics(confusion, expected.support.map(String));
    expect(weightedF1(table)).toBeCloseTo(expected.weightedF1, 12);
    expect(cohenKappa(confusion)).toBeCloseTo(expected.kappa, 12);
    expect(calibrationOf(expected).ece).toBeCloseTo(expected.ece15, 9);
    for (const [k, row] of table.entries()) {
      expect(row.support).toBe(expected.support[k]);
      expect(row.precision).toBeCloseTo(expected.precision[k]!, 9);
      expect(row.recall).toBeCloseTo(expected.recall[k]!, 9);
      expect(row.f1).toBeCloseTo(expected.f1[k]!, 9);
    }
  });

  it('fit the temperature', () => {
    const logits = { ...expected, logits: expected.probabilities.map(Math.log) };
    const temperature = fitTemperature(logits);
    expect(Math.abs(temperature - expected.temperature)).toBeLessThan(1e-4);
    expect(negativeLogLikelihood(logits, temperature)).toBeCloseTo(expected.nllAtTemperature, 9);
    expect(negativeLogLikelihood(logits)).toBeCloseTo(expected.nll, 7);
  });
});

const predictions = fc
  .record({ classes: fc.integer({ min: 1, max: 7 }), samples: fc.integer({ min: 0, max: 30 }) })
  .chain(({ classes, samples }) =>
    fc.record({
      classes: fc.constant(classes),
      labels: fc.array(fc.nat(classes - 1), { minLength: samples, maxLength: samples }),
      logits: fc.array(fc.integer({ min: -60, max: 60 }), {
        minLength: samples * classes,
        maxLength: samples * classes,
      }),
    }),
  )
  .map((drawn) => ({ ...drawn, probabilities: softmax(drawn.logits, drawn.classes, 7) }));

describe('metrics of any predictions', () => {
  it('agree with each other', () => {
    fc.assert(
      fc.property(predictions, (drawn) => {
        const { classes, labels } = drawn;
        const confusion = confusionMatrix(drawn);
        const right = confusion.reduce((total, row, k) => total + row[k]!, 0);
        expect(confusion.flat().reduce((a, b) => a + b, 0)).toBe(labels.length);
        expect(topAccuracy(drawn, 1)).toBeCloseTo(labels.length === 0 ? 0 : right / labels.length, 12);
        expect(topAccuracy(drawn, classes)).toBe(labels.length === 0 ? 0 : 1);
        const predicted = predictedClasses(drawn);
        for (const [row, label] of labels.entries()) {
          expect(topClasses(drawn, row, 1)).toEqual([predicted[row]]);
          expect(topClasses(drawn, row, classes)).toHaveLength(classes);
          expect(topClasses(drawn, row, classes)).toContain(label);
        }
        const table = perClassMetrics(
          confusion,
          confusion.map((_, k) => `c${k}`),
        );
        const counts = Object.fromEntries(table.map(({ label, support }) => [label, support]));
        expect(naturalAccuracy(table, counts)).toBeCloseTo(topAccuracy(drawn, 1), 12);
        expect(cohenKappa(confusion)).toBeLessThanOrEqual(1);
        const { ece, bins } = calibrationOf(drawn);
        expect(bins.reduce((total, { samples }) => total + samples, 0)).toBe(labels.length);
        const mean = (of: 'accuracy' | 'confidence') =>
          bins.reduce((total, bin) => total + bin.samples * bin[of], 0) / Math.max(1, labels.length);
        expect(mean('accuracy')).toBeCloseTo(topAccuracy(drawn, 1), 12);
        expect(ece).toBeGreaterThanOrEqual(Math.abs(mean('accuracy') - mean('confidence')) - 1e-12);
        expect(logLoss(drawn)).toBeCloseTo(
          negativeLogLikelihood({ ...drawn, logits: drawn.logits.map((value) => value / 7) }),
          9,
        );
      }),
    );
  });

  it('weigh classes by their shares before the cap, of those that were scored', () => {
    const row = (label: string, recall: number, support: number) => ({
      label,
      precision: 1,
      recall,
      f1: 1,
      support,
    });
    // Recalls 1/2 and 3/4; chairs are nine of ten in the catalogue, sofas were not scored, lamps have no count.
    const table = [row('CHAIR', 0.5, 10), row('RUG', 0.75, 20), row('SOFA', 0, 0), row('LAMP', 1, 5)];
    const natural = { CHAIR: 90, RUG: 10, SOFA: 900 };
    expect(naturalAccuracy(table, natural)).toBeCloseTo(0.9 * 0.5 + 0.1 * 0.75, 12);
  });

  it('never get a better temperature from a neighbour', () => {
    fc.assert(
      fc.property(predictions, fc.double({ min: 0.06, max: 19, noNaN: true }), (drawn, other) => {
        const fitted = fitTemperature(drawn);
        expect(negativeLogLikelihood(drawn, fitted)).toBeLessThanOrEqual(
          negativeLogLikelihood(drawn, other) + 1e-9,
        );
      }),
    );
  });

  it('leave out of macro-F1 what is neither a label nor a prediction', () => {
    expect(
      macroF1([
        [2, 0, 0],
        [1, 1, 0],
        [0, 0, 0],
      ]),
    ).toBeCloseTo((4 / 5 + 2 / 3) / 2, 12);
    expect(
      macroF1([
        [2, 0],
        [0, 0],
      ]),
    ).toBe(1);
    expect(
      macroF1([
        [0, 2],
        [0, 0],
      ]),
    ).toBe(0);
  });
});
