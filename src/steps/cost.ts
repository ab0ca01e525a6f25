import type { TrainResult } from '../results.js';
import type { RunFolder } from '../run.js';
import type { RunCost } from '../summary.js';

const BYTES_A_PARAMETER = 4;

/**
 * What a run's models cost.
 * @param trained each model once
 * @param featurePasses of frozen bases, for the features that were read
 */
export function runCost(run: RunFolder, trained: readonly TrainResult[], featurePasses: number): RunCost {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  const parameters = sum(trained.map(({ parameters: { trained: own, fixed } }) => own + fixed));
  const steps = run.current.filter((name) => name.startsWith('features-'));
  return {
    models: trained.length,
    parameters,
    modelBytes: BYTES_A_PARAMETER * parameters,
    basePasses: featurePasses + sum(trained.map(({ basePasses = 0 }) => basePasses)),
    trainSeconds: sum(trained.map(({ seconds }) => seconds)),
    featureSeconds: sum(steps.map((name) => run.record(name)?.seconds ?? 0)),
  };
}
