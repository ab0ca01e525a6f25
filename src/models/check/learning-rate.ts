import type { ModelRecipe, PhaseRecipe } from '../../recipe.js';
import type { Network } from '../networks/network.js';
import { phaseName, trainedOf } from '../phases.js';
import type { Check } from './check.js';

/** From a rate that changes nothing to one that ruins everything, a factor of 1.7 apart. */
export const RATES = Array.from({ length: 32 }, (_, step) => 1e-6 * 10 ** (step / 4.4));
/** Of the running mean of the losses: Smith's curve is noisy. */
const KEEP = 0.7;
/** Beyond so many times its lowest the loss has diverged. */
const DIVERGED = 2;

/** What a range test found (Smith 2017, Cyclical Learning Rates). */
export interface RateRange {
  /** Where the loss falls fastest; absent where it never falls. */
  steepest?: number;
  /** The first rate at which it has diverged; absent where it does not. */
  diverges?: number;
}

/**
 * Reads a range test: losses of steps whose rate grows from one to the next.
 * @param losses one a rate, in order; fewer where the last was no number any more.
 */
export function rateRange(rates: readonly number[], losses: readonly number[]): RateRange {
  let mean = 0;
  const smooth: number[] = [];
  for (const [step, loss] of losses.entries()) {
    mean = KEEP * mean + (1 - KEEP) * loss;
    smooth.push(mean / (1 - KEEP ** (step + 1)));
  }
  let lowest = Number.POSITIVE_INFINITY;
  let diverges: number | undefined;
  for (const [step, value] of smooth.entries()) {
    if (!Number.isFinite(value) || value > DIVERGED * lowest) {
      diverges = rates[step]!;
      break;
    }
    lowest = Math.min(lowest, value);
  }
  if (diverges === undefined && losses.length < rates.length) diverges = rates[losses.length]!;
  const until = diverges === undefined ? smooth.length : rates.indexOf(diverges);
  let steepest: number | undefined;
  // Less than that is noise.
  let fall = -1e-3 * (smooth[0] ?? 0);
  for (let step = 1; step < until; step++) {
    const change = smooth[step]! - smooth[step - 1]!;
    if (change < fall) {
      fall = change;
      steepest = rates[step]!;
    }
  }
  return { ...(steepest !== undefined && { steepest }), ...(diverges !== undefined && { diverges }) };
}

/** A phase's rate beside what a range test of it found. */
export function checkRange(phase: PhaseRecipe, index: number, range: RateRange): Check {
  const { learningRate } = phase;
  const { steepest, diverges } = range;
  const at = {
    check: 'learning-rate' as const,
    phase: index + 1,
    figures: { learningRate, ...range },
  };
  const found = [
    steepest === undefined ? 'the loss never falls' : `the loss falls fastest at ${short(steepest)}`,
    diverges === undefined ? 'and does not diverge' : `and diverges at ${short(diverges)}`,
  ].join(' ');
  const own = `"${phaseName(phase)}" has ${short(learningRate)}`;
  if (diverges !== undefined && learningRate >= diverges) {
    return { ...at, state: 'flag', text: `${own}, too high: ${found}` };
  }
  return { ...at, state: 'ok', text: `${own}: ${found}` };
}

/** Rates that are a new head's: what one gives layers that know nothing yet. */
const HEAD_RATE: Readonly<Record<PhaseRecipe['optimizer'], number>> = {
  adam: 1e-3,
  adamw: 1e-3,
  rmsprop: 1e-3,
  sgd: 1e-2,
  momentum: 1e-2,
  nesterov: 1e-2,
};

/**
 * Phases that train a published network's layers at a rate that is meant for a new head, whose first gradients are large
 * and random: they undo what the layers had learnt (the post's V3 and V5, which had no phase for the head either).
 * Of random weights there is nothing to undo: then only a recipe that keeps the post's faults is told of them.
 * @param pretrained whether there are weights that can be undone.
 */
export function checkHeadRates(
  network: Network,
  { phases }: Pick<ModelRecipe, 'phases'>,
  { pretrained, faithful = false }: { pretrained: boolean; faithful?: boolean },
): Check[] {
  if (network.name === 'small-cnn' || !(pretrained || faithful)) return [];
  return phases.flatMap((phase, index): Check[] => {
    const { train, learningRate, optimizer } = phase;
    if (train === 'head' || trainedOf(network, phase, { faithful }).length === 0) return [];
    if (learningRate < HEAD_RATE[optimizer]) return [];
    const first = index === 0 ? ', with no phase before it in which the head learns' : '';
    const scratch = pretrained ? '' : ' (here the weights are random: of them the rate is usual)';
    return [
      {
        check: 'learning-rate',
        state: 'flag',
        phase: index + 1,
        text: `"${phaseName(phase)}" trains the base at a head’s learning rate, ${short(learningRate)}${first}: pretrained layers want a tenth to a thousandth of it${scratch}`,
        figures: { learningRate, head: HEAD_RATE[optimizer] },
      },
    ];
  });
}

const short = (rate: number) => (rate < 0.001 ? rate.toExponential(1) : String(Number(rate.toPrecision(2))));
