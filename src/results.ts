import type { ModelRecipe } from './recipe.js';
import type { Side, ViewRole } from './records.js';

/** One epoch of a task's training. */
export interface EpochRecord {
  /** What the phase trains: `head`, `all`, `from NAME` or `last N`. */
  phase: string;
  /** 1-based, counted over all phases. */
  epoch: number;
  /** Of the epoch's last step. */
  learningRate: number;
  /** What was minimised, mean over the epoch's batches: cross-entropy in nats, weighted and with penalties as the recipe says. */
  loss: number;
  accuracy: number;
  /**
   * In inference mode after the epoch, on `trainPhotos` photos of the train side as they are: mean cross-entropy in nats,
   * and accuracy.
   */
  trainLoss: number;
  trainAccuracy: number;
  trainPhotos: number;
  /** The same of the validation side; absent, as all that follows, where there is none. */
  validationLoss?: number;
  validationAccuracy?: number;
  /** Share of photos whose class is among the five most probable. */
  validationTop5?: number;
  validationMacroF1?: number;
  /** `trainAccuracy` minus `validationAccuracy`. */
  overfitting?: number;
  seconds: number;
  /** Of a trunk that tasks share: each task's own, whose means stand above; `loss` is the sum over all tasks. */
  heads?: Record<string, HeadEpoch>;
}

/** One epoch of one of a shared trunk's heads, on the photos that its task has labels of. */
export type HeadEpoch = Pick<EpochRecord, 'accuracy' | 'trainLoss' | 'trainAccuracy' | 'trainPhotos'> &
  Partial<
    Pick<
      EpochRecord,
      'validationLoss' | 'validationAccuracy' | 'validationTop5' | 'validationMacroF1' | 'overfitting'
    >
  >;

/** What training a task gave, beside the weights in RUN/model/<task>/. */
export interface TrainResult {
  /** The classes in the order of the softmax: sorted by UTF-16 code units. */
  classes: string[];
  model: ModelRecipe;
  /** Trained and fixed parameters of the whole network in the last phase. */
  parameters: { trained: number; fixed: number };
  history: EpochRecord[];
  /** The epoch whose weights were kept: the best by validation loss, or the last. */
  keptEpoch: number;
  /** Softmax temperature fitted on the validation side; 1 where there is none. */
  temperature: number;
  /** The backends that computed it, in the order that they came: more than one where it was stopped and went on on another. */
  backends: string[];
  seconds: number;
  /** Share of `seconds` in which the trainer waited for batches. */
  waitShare: number;
  /** Photos that went through the base in its epochs, those that they were measured on included: none where features were read. */
  basePasses?: number;
  /** Where tasks share a trunk: what each of them has alone. */
  heads?: { task: string; classes: string[]; head: ModelRecipe['head']; temperature: number }[];
}

/** One class of a per-class table; all shares in 0..1. */
export interface ClassMetrics {
  label: string;
  /** Samples of this class on the evaluated side. */
  support: number;
  precision: number;
  recall: number;
  f1: number;
}

/** A photo of the evaluated side with what the model took it for. */
export interface ScoredPhoto {
  imageId: string;
  path: string;
  label: string;
  predicted: string;
  /** The predicted class's probability. */
  probability: number;
}

/** A photo that the model took for another class than its label. */
export interface Mistake extends ScoredPhoto {
  /** Of the two classes in the category tree, as `TreeResult.distance`; absent where the task has none. */
  distance?: number;
}

/** Where in a photo the model saw a class (Grad-CAM). */
export interface SeenClass {
  label: string;
  height: number;
  width: number;
  /** [height × width], row-major: base64 of bytes, 255 where most, all 0 where nothing speaks for the class. */
  heat: string;
}

/** A photo and where the model saw the class that it took it for, and after that, where it is another, its label. */
export interface ExplainedPhoto extends ScoredPhoto {
  seen: SeenClass[];
}

/** How far confidences can be taken at their word. */
export interface Calibration {
  /** Expected calibration error, 0..1. */
  ece: number;
  /** By confidence, equally wide, from 0 to 1: samples, the share of them that is right, and their mean confidence. */
  bins: readonly { samples: number; accuracy: number; confidence: number }[];
}

/** What evaluation found on some of a side's photos. */
export interface PartResult {
  /** So many photos; where there are none, the figures are 0. */
  samples: number;
  accuracy: number;
  /** 95 %, percentile bootstrap over components. */
  accuracyInterval: [number, number];
  macroF1: number;
}

/** How a way to decide for classes does in their category tree. */
export interface DecisionResult {
  /** Of the classes themselves. */
  accuracy: number;
  /** Share of photos whose class stands in the right group, by level above the classes. */
  levelAccuracy: { coarse?: number; middle?: number };
  /**
   * Mean distance to the true class: edges up to the lowest common ancestor, 0 for the same class, at most `levels`; and
   * the same of the mistakes alone.
   */
  distance: number;
  mistakeDistance: number;
}

/** What evaluation found of a task with a category tree. */
export interface TreeResult extends DecisionResult {
  /** The tree's, down to the classes'. */
  levels: number;
  /** How many mistakes are at a distance of 1, 2, … up to `levels`. */
  mistakesByDistance: number[];
  /** Accuracy of each branch's own output; absent where the model has none. */
  branchAccuracy?: { coarse?: number; middle?: number };
  /** What the same probabilities give where the class of least expected distance is taken. */
  leastDistance: DecisionResult;
}

/** What evaluation found on one side. */
export interface EvaluationResult {
  side: Side;
  classes: string[];
  samples: number;
  accuracy: number;
  /** 95 %, percentile bootstrap over components. */
  accuracyInterval: [number, number];
  /** Per-class recall weighted by the classes' shares before the cap. */
  naturalAccuracy: number;
  top5: number;
  macroF1: number;
  /** 95 %, as the accuracy's. */
  macroF1Interval: [number, number];
  /** Mean F1 weighted by the classes' samples. */
  weightedF1: number;
  /** Cohen's, at most 1. */
  kappa: number;
  /** After the temperature. */
  calibration: Calibration;
  /** The expected calibration error before the temperature. */
  eceBefore: number;
  /** Mean cross-entropy in nats, after the temperature. */
  loss: number;
  perClass: ClassMetrics[];
  /** `confusion[true][predicted]`, counts. */
  confusion: number[][];
  /** The most confident first: the most confident of all, and the most confident of each pair of classes. */
  mistakes: Mistake[];
  /** Of each class the photo that the model is most sure about, and the one that it is least sure about, among those it has right. */
  right: ScoredPhoto[];
  /** Some mistakes and some that are right; none where the photos' pixels were not at hand. */
  explained: ExplainedPhoto[];
  /** Where photos have a twin on another side: what is left of the figures without them. */
  withoutTwins?: PartResult;
  /** Where main photos and others are scored: each alone. */
  byRole?: Record<ViewRole, PartResult>;
  /** Where the task has a category tree: how far from the truth mistakes are. */
  tree?: TreeResult;
}
