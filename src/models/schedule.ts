import type { PhaseRecipe } from '../recipe.js';

/** What a phase's learning rate depends on besides the step: plain data, kept between epochs. */
export interface ScheduleState {
  /** The phase's learning rate, or what plateaus have made of it. */
  learningRate: number;
  /** The lowest validation loss so far. */
  best: number;
  /** Epochs since then, or since the last reduction. */
  wait: number;
  /** Epochs that do not count yet. */
  cooldown: number;
}

export function startSchedule({ learningRate }: PhaseRecipe): ScheduleState {
  return { learningRate, best: Number.POSITIVE_INFINITY, wait: 0, cooldown: 0 };
}

/**
 * The learning rate of a step, as Keras's `CosineDecay` with a warm-up from 0: its first step has the rate 0.
 * @param step 0-based, counted over the phase
 * @param stepsAnEpoch at least 1
 */
export function learningRateAt(
  { schedule, epochs }: PhaseRecipe,
  { learningRate }: ScheduleState,
  step: number,
  stepsAnEpoch: number,
): number {
  const warmup = warmupSteps(schedule, stepsAnEpoch);
  if (step < warmup) return (learningRate * step) / warmup;
  if (schedule?.kind !== 'cosine') return learningRate;
  const steps = Math.max(1, epochs * stepsAnEpoch - warmup);
  const progress = Math.min(1, (step - warmup) / steps);
  const { minimum } = schedule;
  return minimum + ((learningRate - minimum) * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** Steps in which the rate rises from 0. */
export function warmupSteps(schedule: PhaseRecipe['schedule'], stepsAnEpoch: number): number {
  const { warmup } = schedule ?? {};
  if (warmup === undefined) return 0;
  return 'steps' in warmup ? warmup.steps : Math.round(warmup.epochs * stepsAnEpoch);
}

/** The state after an epoch, as Keras's `ReduceLROnPlateau` decides; without a validation side it stays as it is. */
export function afterEpoch(
  { schedule }: PhaseRecipe,
  state: ScheduleState,
  validationLoss: number | undefined,
): ScheduleState {
  if (schedule?.kind !== 'plateau' || validationLoss === undefined) return state;
  const { factor, patience, minDelta, minimum } = schedule;
  const cooldown = Math.max(0, state.cooldown - 1);
  const before = state.cooldown > 0 ? 0 : state.wait;
  if (validationLoss < state.best - minDelta) return { ...state, best: validationLoss, wait: 0, cooldown };
  if (cooldown > 0) return { ...state, wait: before, cooldown };
  const wait = before + 1;
  if (wait < patience || state.learningRate <= minimum) return { ...state, wait, cooldown };
  const learningRate = Math.max(minimum, state.learningRate * factor);
  return { ...state, learningRate, wait: 0, cooldown: schedule.cooldown };
}
