/** What a check found. */
export interface Check {
  check: CheckName;
  /** `flag`: training would waste time; `skipped`: could not be looked at, and why. */
  state: 'ok' | 'flag' | 'skipped';
  /** 1-based, where it concerns one phase. */
  phase?: number;
  /** What was found, for people. */
  text: string;
  /** What it rests on. */
  figures?: Record<string, number>;
}

export const CHECK_NAMES = {
  unfrozen: 'phases train what they say',
  preprocessing: 'preprocessing fits the weights',
  'first-loss': 'the first loss is a guess’s',
  overfit: 'one batch can be learnt by heart',
  gradients: 'every trained layer gets a gradient',
  'learning-rate': 'learning rates are in range',
} as const;
export type CheckName = keyof typeof CHECK_NAMES;

/** A task's checks, in order. */
export interface CheckReport {
  task: string;
  checks: Check[];
  backend: { name: string; device: string };
}
