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

/** Kingma & Ba 2015. */
const adam: Update = {
  moments: 2,
  next({ value, gradient, moments, step, learningRate }) {
    const m = average(moments[0]!, gradient, BETA_1);
    const v = average(moments[1]!, gradient.square(), BETA_2);
    const rate = (learningRate * Math.sqrt(1 - BETA_2 ** step)) / (1 - BETA_1 ** step);
    return [value.sub(m.mul(rate).div(v.sqrt().add(EPSILON))), m, v];
  },
};

const sgd: Update = {
  moments: 0,
  next: ({ value, gradient, learningRate }) => [value.sub(gradient.mul(learningRate))],
};

const sgdWithMomentum = (momentum: number, nesterov: boolean): Update => ({
  moments: 1,
  next({ value, gradient, moments, learningRate }) {
    const step = gradient.mul(learningRate);
    const velocity = moments[0]!.mul(momentum).sub(step);
    return [value.add(nesterov ? velocity.mul(momentum).sub(step) : velocity), velocity];
  },
});

const rmsprop: Update = {
  moments: 1,
  next({ value, gradient, moments, learningRate }) {
    const v = average(moments[0]!, gradient.square(), RHO);
    return [value.sub(gradient.mul(learningRate).div(v.add(EPSILON).sqrt())), v];
  },
};

/** What a phase says of its optimiser, but for the learning rate. */
export type OptimizerRecipe = Pick<PhaseRecipe, 'optimizer' | 'momentum' | 'nesterov' | 'weightDecay'>;

/** The rules of Keras's optimisers, with its defaults; tfjs's own place Adam's epsilon elsewhere. */
function updateOf({ optimizer, momentum, nesterov = false }: OptimizerRecipe): Update {
  switch (optimizer) {
    case 'adam':
    case 'adamw':
      return adam;
    case 'sgd':
      return momentum === undefined ? sgd : sgdWithMomentum(momentum, nesterov);
    case 'momentum':
    case 'nesterov':
      return sgdWithMomentum(MOMENTUM, optimizer === 'nesterov');
    case 'rmsprop':
      return rmsprop;
  }
}

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
  apply(gradients: readonly Tensor[], learningRate: number): void;
  /** Frees the moments. */
  dispose(): void;
}

/** Adam without weight decay over some variables, as a backend computes it in one operation a variable. */
export type FusedAdam = (
  tf: Tf,
  variables: readonly Variable[],
  constants: { beta1: number; beta2: number; epsilon: number },
) => {
  /** @param options.step 1-based */
  apply(gradients: readonly Tensor[], options: { step: number; learningRate: number }): void;
  moments(): Promise<Float32Array[][]>;
  restore(moments: readonly (readonly Float32Array[])[]): void;
  dispose(): void;
};

const fusedAdams = new Map<string, FusedAdam>();

/** Tells of a backend's own Adam, by the name that TensorFlow.js has for the backend. */
export function registerAdam(backend: string, adamOf: FusedAdam): void {
  fusedAdams.set(backend, adamOf);
}

export function createOptimizer(tf: Tf, recipe: OptimizerRecipe, variables: readonly Variable[]): Optimizer {
  const { weightDecay = recipe.optimizer === 'adamw' ? WEIGHT_DECAY : 0 } = recipe;
  const fused = fusedAdams.get(tf.getBackend());
  if (fused !== undefined && weightDecay === 0 && recipe.optimizer === 'adam')
    return fusedOptimizer(fused(tf, variables, { beta1: BETA_1, beta2: BETA_2, epsilon: EPSILON }));
  const update = updateOf(recipe);
  const zero = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
  const moments = variables.map(({ shape }) => Array.from({ length: update.moments }, () => zero(shape)));
  let step = 0;
  return {
    apply(gradients, learningRate) {
      step += 1;
      tf.tidy(() => {
        for (const [index, variable] of variables.entries()) {
          const [value, ...next] = update.next({
            // Loshchilov & Hutter 2019: every variable decays, biases too, before the step.
            value: weightDecay === 0 ? variable : variable.mul(1 - learningRate * weightDecay),
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

function fusedOptimizer(adam: ReturnType<FusedAdam>): Optimizer {
  let step = 0;
  return {
    apply(gradients, learningRate) {
      step += 1;
      adam.apply(gradients, { step, learningRate });
    },
    state: async () => ({ step, moments: await adam.moments() }),
    restore(state) {
      step = state.step;
      adam.restore(state.moments);
    },
    dispose: () => adam.dispose(),
  };
}
