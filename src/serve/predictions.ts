import { asPipelineError, type ErrorCode, type PipelineError } from '../errors.js';
import type { Judge } from '../predict/judge.js';
import type { Predictor } from '../predict/predictor.js';
import type { Gallery } from '../similar/gallery.js';
import { explanationOf, photoAnswer, similarAnswer } from './answers.js';
import { failureOf, statusOf } from './failure.js';
import type { Instruments } from './instruments.js';
import { microBatches } from './micro-batches.js';
import type { SentPhoto } from './photos.js';
import type { PhotoAnswer, PhotoFailure, PredictQuery } from './schemas.js';

/** What the server asks. */
export interface Served {
  predictor: Predictor;
  judge: Judge;
  /** The catalogue's photos, where the model has them. */
  gallery?: Gallery | undefined;
}

export interface BatchOptions {
  /** The most photos of a batch. */
  size: number;
  /** How long the first photo of a batch waits for others. */
  waitMs: number;
  /** How many batches run at once. */
  atOnce: number;
}

/**
 * Answers for a request's photos, in their order; of several, one that cannot be read has an error in its place.
 * @throws {PipelineError} the error of the only photo; what is no photo's fault.
 */
export type Predict = (
  photos: readonly SentPhoto[],
  query: PredictQuery,
  signal: AbortSignal,
) => Promise<(PhotoAnswer | PhotoFailure)[]>;

/** Errors after which a server likely answers nothing any more: it has to be started again. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['WORKER_CRASHED', 'DEVICE_LOST']);

/**
 * The photos of all requests go through the models in common batches.
 * @returns besides, whether the last batch failed for good.
 */
export function predictions(
  { predictor, judge, gallery }: Served,
  options: { batch: BatchOptions; instruments: Instruments },
): { predict: Predict; isBroken(): boolean } {
  const { batch, instruments } = options;
  let broken = false;
  const batches = microBatches({
    ...batch,
    run: async (photos: readonly Uint8Array[]) => {
      const started = performance.now();
      instruments.batchPhotos.observe(photos.length);
      try {
        // Nobody's signal: a batch has photos of several clients.
        const predicted = await predictor.predict(photos, { signal: new AbortController().signal });
        broken = false;
        return predicted;
      } catch (error) {
        broken = FATAL.has(asPipelineError(error).code);
        throw error;
      } finally {
        instruments.batchSeconds.observe((performance.now() - started) / 1000);
      }
    },
  });

  const answerOf = async (
    { name, bytes }: SentPhoto,
    query: PredictQuery,
    signal: AbortSignal,
  ): Promise<PhotoAnswer> => {
    const predicted = await batches.submit(bytes, signal);
    const { tasks } = predictor;
    const answer = photoAnswer(predicted, judge.verdicts(predicted), { tasks, top: query.top });
    for (const [task, { decision }] of Object.entries(answer.tasks))
      instruments.decisions.add({ task, decision });
    if (query.explain === 'true') {
      for (const { name: task, input } of tasks) {
        const own = answer.tasks[task]!;
        const map = await predictor.explain(bytes, { task, className: own.label, signal });
        own.explanation = explanationOf(map, input, predicted);
      }
    }
    const similar = gallery && query.similar > 0 && similarAnswer(gallery, predicted, query.similar);
    return { ...(name !== undefined && { name }), ...answer, ...(similar && { similar }) };
  };

  const predict: Predict = async (photos, query, signal) => {
    const settled = await Promise.allSettled(photos.map((photo) => answerOf(photo, query, signal)));
    const errors = settled.map((one) =>
      one.status === 'rejected' ? asPipelineError(one.reason) : undefined,
    );
    for (const error of errors) instruments.photos.add({ outcome: error?.code ?? 'ok' });
    const fatal = errors.find((error) => error !== undefined && (photos.length === 1 || !isOfPhoto(error)));
    if (fatal !== undefined) throw fatal;
    return settled.map((one, place) => {
      if (one.status === 'fulfilled') return one.value;
      const { name } = photos[place]!;
      return { ...(name !== undefined && { name }), error: failureOf(one.reason) };
    });
  };
  return { predict, isBroken: () => broken };
}

function isOfPhoto(error: PipelineError): boolean {
  return statusOf(error) === 422;
}
