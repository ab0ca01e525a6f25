import type { StageCounts } from './events.js';
import type { TreeFigures } from './labels/tree/figures.js';
import type { CheckReport } from './models/check/check.js';
import type { Side, ViewRole } from './records.js';
import type { PartResult, TreeResult } from './results.js';

/** RUN/summary.json: what other programs read. Every count is a number. */
export interface Summary {
  schemaVersion: 1;
  recipe: { name: string; hash: string };
  source: string;
  /** Of records: what their photos’ paths are relative to, where that was said. */
  images?: string;
  /** Whether the photos are drawn: results on them say nothing about a real catalogue. */
  synthetic: boolean;
  seconds: number;
  /** RssAnon + RssShmem of the process tree: mapped cache pages are the system's. */
  peakMemoryBytes: number;
  /** Of the task that came last; each task names its own. */
  backend: { name: string; device: string };
  stages: StageCounts[];
  caches: CacheSummary[];
  tasks: Record<string, TaskSummary>;
  /**
   * sha256 of the pretrained weights by network, hex; null of one that was trained from scratch. Absent where nothing was
   * trained, and in summaries of older versions.
   */
  weights?: Record<string, string | null>;
  /** Where those were read from, by network, as they were named or found; absent as above. */
  weightsFrom?: Record<string, string>;
  /** What training all tasks cost, those steps that were kept included. */
  cost?: RunCost;
}

/** What a run's models cost, a trunk that tasks share counted once. */
export interface RunCost {
  /** How many networks were trained: as often does the base see a photo that is to be given each task's class. */
  models: number;
  /** Of all of them, and bytes of their weights on disk. */
  parameters: number;
  modelBytes: number;
  /**
   * How often a base sees a photo: for stored features each of the run's distinct photos once, or once a stored view and
   * once more mirrored, whichever run computed them; else in each epoch.
   */
  basePasses: number;
  trainSeconds: number;
  /** Of computing frozen bases' features, before training. */
  featureSeconds: number;
}

/** The summary of a run that was asked to stop before evaluation. */
export interface PartialSummary extends Omit<Summary, 'backend' | 'tasks'> {
  backend?: Summary['backend'];
  tasks: Record<string, PreparedTask | TaskSummary>;
  /** Of `train --check`: what it found, by task. */
  checks?: CheckReport[];
}

export interface CacheSummary {
  path: string;
  records: number;
  bytes: number;
  height: number;
  width: number;
  decoder: string;
  /** Of a cache of stored views: which of them, from 1. */
  view?: number;
  /** sha256 of the cache's contents, hex. */
  digest: string;
}

/** What is known of a task before it was trained and evaluated. */
export interface PreparedTask {
  /** The number of classes. */
  classes: number;
  samples: number;
  splits: Record<Side, number>;
  /** Achieved, in 0..1; a component is never broken, so they are near what was asked. */
  shares: Record<Side, number>;
  /** What the recipe asked for; absent where sides were given. */
  sharesAsked?: Record<Side, number>;
  /** Samples that have a photo of their component on another side: 0 unless the split is by image or was given. */
  twins: Record<Side, number>;
  splitBy: 'component' | 'image' | 'given';
  /** sha256 of its photos' paths, labels and sides in whatever order, hex; absent in summaries of older versions. */
  samplesDigest?: string;
  /** Where the recipe normalises values: those that no label could be read from. */
  unmapped?: Unmapped;
  /** Where the recipe names a category tree: what the listings' nodes say of it. */
  tree?: TreeFigures;
}

/** Values that had no label. */
export interface Unmapped {
  photos: number;
  /** Distinct ones. */
  values: number;
  /** The most frequent first, not all. */
  most: readonly { value: string; photos: number }[];
}

export interface TaskSummary extends PreparedTask {
  evaluatedOn: Side;
  accuracy: number;
  /** Where photos of that side have twins: what the figures are worth without them. */
  withoutTwins?: PartResult;
  /** Where main photos and others were scored: each alone. */
  byRole?: Record<ViewRole, PartResult>;
  /** Where the task has a category tree: how far from the truth mistakes are in it. */
  inTree?: TreeResult;
  /** 95 %, by bootstrap over components. */
  accuracyInterval: [number, number];
  /** Accuracy re-weighted to the classes' shares before the cap. */
  naturalAccuracy: number;
  top5: number;
  macroF1: number;
  /** 95 %, as the accuracy's. */
  macroF1Interval: [number, number];
  weightedF1: number;
  kappa: number;
  /** Expected calibration error of the confidences, and what it was before the temperature. */
  ece: number;
  eceBefore: number;
  temperature: number;
  /** Mean cross-entropy in nats. */
  loss: number;
  epochs: number;
  /** Of the epoch whose weights were kept, on the train side as it is, without dropout. */
  trainAccuracy: number;
  /** That minus the validation side's; absent where there is none. */
  overfitting?: number;
  /** What trained it: more than one where training was stopped and went on on another. */
  backends: string[];
  /** What computed the frozen base's features, where the head was trained on such and this run computed them. */
  featuresBackend?: string;
  trainSeconds: number;
  /** Share of the training time that the trainer waited for data. */
  trainerWaitShare: number;
}
