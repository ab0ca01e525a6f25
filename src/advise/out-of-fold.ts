import { factorCholesky, solveCholesky } from '../models/kernel/cholesky.js';
import { fitTemperature, softmax } from '../models/temperature.js';
import type { Smoother } from './smoother.js';

/**
 * What a head says of each photo that was solved without the photo's whole component, for all components at once: as many
 * folds as there are components. What is left of the targets of a fold C once it is left out is ((I − H)_CC)⁻¹ times what
 * was left of them before (Cook 1977, for one row), so that nothing is solved again.
 * @param labels classes, one a row
 * @param groups the rows of each component
 * @returns probabilities, [rows × classes], row-major: the softmax of the scores at the temperature that makes the labels
 * most likely.
 * @throws {PipelineError} `ABORTED`
 */
export async function outOfFold(
  smoother: Smoother,
  {
    labels,
    classes,
    groups,
    signal,
  }: {
    labels: Int32Array;
    classes: number;
    groups: readonly (readonly number[])[];
    signal: AbortSignal;
  },
): Promise<Float64Array> {
  const targets = new Float64Array(labels.length * classes);
  for (const [row, label] of labels.entries()) targets[row * classes + label] = 1;
  const residuals = smoother.residuals(targets);
  const scores = targets;
  for (const rows of groups) {
    const own = new Float64Array(rows.length * classes);
    for (const [index, row] of rows.entries()) {
      own.set(residuals.subarray(row * classes, (row + 1) * classes), index * classes);
    }
    const block = smoother.block(rows);
    if (rows.length > 1) await factorCholesky(block, rows.length, { signal });
    else block[0] = Math.sqrt(block[0]!);
    const left = solveCholesky(block, rows.length, own, rows.length);
    for (const [index, row] of rows.entries()) {
      for (let k = 0; k < classes; k++) scores[row * classes + k]! -= left[index * classes + k]!;
    }
  }
  return softmax(scores, classes, fitTemperature({ classes, labels, logits: scores }));
}
