import type { Calibration } from '../results.js';
import { type Predictions, predictedClasses } from './metrics.js';

const BINS = 15;

/**
 * Whether confidences can be taken at their word: samples by the confidence of their predicted class in 15 equal bins of
 * 0..1, and the expected calibration error, the mean over samples of |accuracy − confidence| of their bin (Guo et al.
 * 2017). 0 where there are no samples.
 */
export function calibrationOf(predictions: Predictions): Calibration {
  const { classes, labels, probabilities } = predictions;
  const predicted = predictedClasses(predictions);
  const sums = Array.from({ length: BINS }, () => ({ samples: 0, hits: 0, confidence: 0 }));
  for (const [row, guess] of predicted.entries()) {
    const confidence = probabilities[row * classes + guess]!;
    const bin = sums[Math.min(Math.floor(confidence * BINS), BINS - 1)]!;
    bin.samples += 1;
    bin.confidence += confidence;
    if (guess === labels[row]) bin.hits += 1;
  }
  const off = sums.reduce((total, { hits, confidence }) => total + Math.abs(hits - confidence), 0);
  return {
    ece: labels.length === 0 ? 0 : off / labels.length,
    bins: sums.map(({ samples, hits, confidence }) => ({
      samples,
      accuracy: samples === 0 ? 0 : hits / samples,
      confidence: samples === 0 ? 0 : confidence / samples,
    })),
  };
}
