import { dirname } from 'node:path';
import { PipelineError } from '../errors.js';
import { percent } from '../percent.js';
import { type Gallery, hasGallery, openGallery, openGalleryIfAny } from '../similar/gallery.js';
import { type Likeness, likenessTo } from './likeness.js';
import { type Threshold, thresholdFor } from './precision.js';
import type { PhotoPrediction, Predictor, TaskPrediction } from './predictor.js';
import { outcomesOf, type Reliability, readReliability } from './reliability.js';

/**
 * What becomes of a prediction. `accepted`: it is given. `uncertain`: its confidence is below what the wanted precision takes.
 * `unknown`: the photo is like none that the model learned from.
 */
export type Decision = 'accepted' | 'uncertain' | 'unknown';

export interface Verdict {
  decision: Decision;
  /** The predicted class, where it is accepted. */
  value: string | null;
  prediction: TaskPrediction;
  /** To the likest photo that the model learned from, −1..1; absent where there is no gallery. */
  similarity?: number;
}

/** What is asked of predictions. */
export interface Demands {
  /** Share of the given predictions that should be right; 0: all are given. */
  precision: number;
  /** Share of photos as those that the model learned from that may be called unknown; 0: none is. */
  reject: number;
}

/** Decides what of a photo's predictions is given. */
export interface Judge {
  /** By task. @throws {PipelineError} `MODEL_INVALID` where the gallery is another model's. */
  verdicts(photo: PhotoPrediction): Map<string, Verdict>;
  /** What is decided by, a line a task, for people; of what is not known that it is not. */
  readonly said: readonly string[];
  /** Those of them by which no value is given. */
  readonly warnings: readonly string[];
  /** By task: what its evaluation wrote beside its model. */
  readonly reliability: ReadonlyMap<string, Reliability>;
}

interface TaskRules {
  threshold?: Threshold;
  likeness?: Likeness;
  least?: number;
  said: string;
  reliability?: Reliability;
}

/**
 * Reads what lies beside the models of a predictor.
 * @param gallery the predictor's, which stays its owner's; without one no photo is called unknown.
 * @throws {PipelineError} as `readReliability`.
 */
export async function openJudge(
  predictor: Predictor,
  gallery: Gallery | undefined,
  demands: Demands,
): Promise<Judge> {
  const compared = demands.reject > 0 ? gallery : undefined;
  const rules = new Map<string, TaskRules>();
  for (const { name, folder } of predictor.tasks) {
    rules.set(name, rulesOf(name, await readReliability(folder, name), compared, demands));
  }
  // Whose embeddings the gallery is searched by; a task of its model.
  const searched = predictor.tasks.find((task) => compared && isOf(compared, task))?.name;
  return {
    said: [...rules.values()].map(({ said }) => said),
    warnings: [...rules.values()].filter((rule) => !givesAny(rule, demands)).map(({ said }) => said),
    reliability: new Map(
      [...rules].flatMap(([name, { reliability }]) => (reliability ? [[name, reliability]] : [])),
    ),
    verdicts({ tasks }) {
      const embedding = searched === undefined ? undefined : tasks.get(searched)!.embedding;
      if (embedding !== undefined && embedding.length !== gallery!.width)
        throw otherModels(gallery!, embedding);
      return new Map(
        [...tasks].map(([name, prediction]) => [
          name,
          verdictOf(rules.get(name)!, prediction, embedding, demands),
        ]),
      );
    },
  };
}

/**
 * Opens the gallery that a predictor's models were made with: one of their own, else that of a model of the same run which gives
 * the very same embeddings; undefined where there is none.
 * @throws {PipelineError} as `openGallery`.
 */
export async function galleryBeside({ tasks }: Predictor): Promise<Gallery | undefined> {
  const own = tasks.map(({ folder }) => folder).find(hasGallery);
  if (own !== undefined) return openGallery(own);
  const gallery = await openGalleryIfAny(dirname(tasks[0]!.folder));
  if (gallery === undefined || tasks.some((task) => isOf(gallery, task))) return gallery;
  await gallery.close();
  return undefined;
}

function otherModels({ folder, width }: Gallery, { length }: Float32Array): PipelineError {
  return new PipelineError(
    'MODEL_INVALID',
    `Expected a gallery of embeddings of ${length} numbers, as the model has them, but these have ${width}`,
    {
      key: folder,
      hint: 'It is another model’s: remove it, or make the run again. --reject 0 does without.',
    },
  );
}

function isOf(gallery: Gallery, { folder, name }: Predictor['tasks'][number]): boolean {
  return dirname(gallery.folder) === folder || gallery.tasks.includes(name);
}

function rulesOf(
  task: string,
  reliability: Reliability | undefined,
  gallery: Gallery | undefined,
  { precision, reject }: Demands,
): TaskRules {
  const threshold =
    reliability && precision > 0 ? thresholdFor(outcomesOf(reliability), precision) : undefined;
  const { similarities = [] } = reliability ?? {};
  const likeness = gallery && similarities.length > 0 ? likenessTo(gallery, task) : undefined;
  // All of them: nothing is near enough.
  const least = similarities[Math.floor(reject * similarities.length)] ?? Number.POSITIVE_INFINITY;
  const known = likeness && { likeness, least };
  const said = `${task}: ${[
    ...(precision > 0 ? [precisionSaid(reliability, threshold, precision)] : []),
    ...(reject > 0 ? [gallery === undefined ? NO_GALLERY : knownSaid(known?.least, reject)] : []),
  ].join('; ')}`;
  return { said, ...(threshold && { threshold }), ...known, ...(reliability && { reliability }) };
}

function givesAny({ threshold }: TaskRules, { precision }: Demands): boolean {
  return precision === 0 || threshold !== undefined;
}

function verdictOf(
  rules: TaskRules,
  prediction: TaskPrediction,
  embedding: Float32Array | undefined,
  demands: Demands,
): Verdict {
  const { threshold, likeness, least } = rules;
  const similarity = embedding && likeness?.(embedding);
  const { probability, className } = prediction;
  const sure = givesAny(rules, demands) && probability >= (threshold?.confidence ?? 0);
  const decision: Decision =
    similarity !== undefined && similarity < least! ? 'unknown' : sure ? 'accepted' : 'uncertain';
  return {
    decision,
    value: decision === 'accepted' ? className : null,
    prediction,
    ...(similarity !== undefined && { similarity }),
  };
}

function precisionSaid(
  reliability: Reliability | undefined,
  threshold: Threshold | undefined,
  precision: number,
): string {
  const wanted = `a precision of ${percent(precision)}`;
  if (reliability === undefined)
    return `its model was not evaluated by this version, so that nothing is known of its precision, and no value is given; --precision 0 gives all`;
  const { length } = reliability.outcomes;
  if (length === 0)
    return `its run had no validation side, so that nothing is known of its precision, and no value is given; --precision 0 gives all`;
  if (threshold === undefined)
    return `no confidence reaches ${wanted} on the ${length} validation photos with 95 % certainty, and no value is given; a lower --precision may`;
  const { confidence, given, precision: found, atLeast } = threshold;
  return `values from confidence ${confidence.toFixed(3)} on for ${wanted}: ${percent(given)} of the ${length} validation photos, ${percent(found)} of them right (at least ${percent(atLeast)} with 95 % certainty)`;
}

const NO_GALLERY = 'without a gallery beside the model no photo is called unknown';

function knownSaid(least: number | undefined, reject: number): string {
  if (least === undefined)
    return 'no photo is called unknown: how near to those that it learned from photos are was not measured';
  if (least === Number.POSITIVE_INFINITY) return 'every photo is called unknown';
  return `unknown where no photo that it learned from is as near as ${least.toFixed(3)}, which calls ${percent(reject)} of held-out ones so`;
}
