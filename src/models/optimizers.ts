import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { PhaseRecipe } from '../recipe.js';
import type { Tf } from './backends/backend.js';

/** One step of one variable: what it was, its gradient and its moments give what they become. */
interface Update {
  /** Running moments a variable needs, all zero at first. */
  moments: 0 | 1 | 2;
  /** @param step 1-based. Returns the new value and the new moments. */
  next(state: {
    value: Tensor;
    gradient: Tensor;
    moments: readonly Tensor[];
    step: number;
    learningRate: number;
  }): readonly Tensor[];
}

/** Keras's defaults. */
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const RHO = 0.9;
const MOMENTUM = 0.9;
const EPSILON = 1e-7;
const WEIGHT_DECAY = 0.004;

/** Exponential moving average. */
const average = (old: Tensor, value: Tensor, keep: number) => old.mul(keep).add(value.mul(1 - keep));

const adam: Update = {
  moments: 2,
  next({ value, gradient, moments, step, learningRate }) {
    const m = average(moments[0]!, gradient, BETA_1);
    const v = average(moments[1]!, gradient.square(), BETA_2);
    const rate = (learningRate * Math.sqrt(1 - BETA_2 ** step)) / (1 - BETA_1 ** step);
    return [value.sub(m.mul(rate).div(v.sqrt().add(EPSILON))), m, v];
  },
};

const momentum = (nesterov: boolean): Update => ({
  moments: 1,
  next({ value, gradient, moments, learningRate }) {
    const step = gradient.mul(learningRate);
    const velocity = moments[0]!.mul(MOMENTUM).sub(step);
    return [value.add(nesterov ? velocity.mul(MOMENTUM).sub(step) : velocity), velocity];
  },
});

/** The rules of Keras's optimisers, with its defaults; tfjs's own place Adam's epsilon elsewhere. */
const updates: Record<PhaseRecipe['optimizer'], Update> = {
  adam,
  // Kingma & Ba 2015; Loshchilov & Hutter 2019: decay every variable, biases too, before the step.
  adamw: {
    moments: 2,
    next: (state) => adam.next({ ...state, value: state.value.mul(1 - state.learningRate * WEIGHT_DECAY) }),
  },
  sgd: { moments: 0, next: ({ value, gradient, learningRate }) => [value.sub(gradient.mul(learningRate))] },
  momentum: momentum(false),
  nesterov: momentum(true),
  rmsprop: {
    moments: 1,
    next({ value, gradient, moments, learningRate }) {
      const v = average(moments[0]!, gradient.square(), RHO);
      return [value.sub(gradient.mul(learningRate).div(v.add(EPSILON).sqrt())), v];
    },
  },
};

/** Where an optimiser stands. */
export interface OptimizerState {
  /** Steps so far. */
  step: number;
  /** Running moments, by variable. */
  moments: Float32Array[][];
}

/** Changes variables by their gradients, step by step. */
export interface Optimizer {
  state(): Promise<OptimizerState>;
  /** Goes on from a state of an optimiser of the same kind over the same variables. */
  restore(state: OptimizerState): void;
  /** @param gradients one a variable, in the variables' order; they stay the caller's. */
  apply(gradients: readonly Tensor[]): void;
  /** Frees the moments. */
  dispose(): void;
}

export function createOptimizer(
  tf: Tf,
  { optimizer, learningRate }: Pick<PhaseRecipe, 'optimizer' | 'learningRate'>,
  variables: readonly Variable[],
): Optimizer {
  const update = updates[optimizer];
  const zero = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
  const moments = variables.map(({ shape }) => Array.from({ length: update.moments }, () => zero(shape)));
  let step = 0;
  return {
    apply(gradients) {
      step += 1;
      tf.tidy(() => {
        for (const [index, variable] of variables.entries()) {
          const [value, ...next] = update.next({
            value: variable,
            gradient: gradients[index]!,
            moments: moments[index]!,
            step,
            learningRate,
          });
          variable.assign(value!);
          for (const [slot, moment] of moments[index]!.entries()) moment.assign(next[slot]!);
        }
      });
    },
    async state() {
      const values = async (moment: Variable) => (await moment.data<'float32'>()).slice();
      return { step, moments: await Promise.all(moments.map((some) => Promise.all(some.map(values)))) };
    },
    restore(state) {
      step = state.step;
      for (const [index, some] of moments.entries()) {
        for (const [slot, moment] of some.entries()) {
          tf.tidy(() => moment.assign(tf.tensor(state.moments[index]![slot]!, moment.shape)));
        }
      }
    },
    dispose: () => tf.dispose(moments.flat()),
  };
}
