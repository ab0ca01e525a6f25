import { type ErrorCode, PipelineError } from '#src/errors.js';
import type { Decision, Judge } from '#src/predict/judge.js';
import type { PhotoPrediction, Predictor } from '#src/predict/predictor.js';
import { type App, type AppOptions, createApp } from '#src/serve/app.js';
import { jpeg } from '../fixtures.js';

const CLASSES = ['CHAIR', 'LAMP', 'SOFA <b>'];
const LEVELS = [{ level: 'coarse' as const, classes: ['FURNITURE', 'LIGHT'], of: [0, 1, 0] }];

/** A letterbox: its photos, 30 × 20, have a border above and below. */
const INPUT = { height: 30, width: 30, fit: 'letterbox' as const };

export const LIMITS = { bodyBytes: 1000, photos: 4, timeoutMs: 60_000, heldPhotos: 8, heldBytes: 4000 };

export interface TestedApp {
  app: App;
  /** How many photos each batch had. */
  batches: number[];
  /** Lets batches end; until then they wait, where the app is gated. */
  release(): void;
  /** Posts a photo. */
  post(body?: NonNullable<RequestInit['body']>, init?: RequestInit & { query?: string }): Promise<Response>;
}

/**
 * An app whose models are played: the last byte of a photo is the place of its class; any other is a damaged photo. So that
 * what the server does in every case can be seen; what models say is tested on models.
 */
export function testedApp({
  gated = false,
  fault,
  decision = 'accepted',
  likeness,
  ...options
}: Partial<AppOptions> & {
  gated?: boolean;
  fault?: ErrorCode;
  /** Of every prediction. */
  decision?: Decision;
  likeness?: number;
} = {}): TestedApp {
  const batches: number[] = [];
  let release = () => {};
  const gate = gated
    ? new Promise<void>((resolve) => {
        release = resolve;
      })
    : Promise.resolve();
  const predictor: Predictor = {
    tasks: [{ name: 'product_type', folder: 'product_type', classes: CLASSES, levels: LEVELS, input: INPUT }],
    backend: { name: 'played', device: 'none' },
    // What speaks for a label stands in the lower right.
    explain: async () => ({ height: 2, width: 2, values: Float32Array.of(0, 0, 0, 1) }),
    async predict(photos) {
      batches.push(photos.length);
      await gate;
      if (fault !== undefined) throw new PipelineError(fault, 'a secret of the server');
      return photos.map((photo) => predictionOf(photo as Uint8Array));
    },
    close: async () => {},
  };
  const judge: Judge = {
    said: ['product_type: played'],
    warnings: [],
    reliability: new Map(),
    verdicts: ({ tasks }) =>
      new Map(
        [...tasks].map(([task, prediction]) => [
          task,
          {
            decision,
            value: decision === 'accepted' ? prediction.className : null,
            prediction,
            ...(likeness !== undefined && { similarity: likeness }),
          },
        ]),
      ),
  };
  const app = createApp({
    predictor,
    judge,
    version: '1.2.3',
    names: [],
    allowUrls: false,
    limits: LIMITS,
    batch: { size: 4, waitMs: 0, atOnce: 1 },
    ...options,
  });
  return {
    app,
    batches,
    release: () => release(),
    post: async (body = photo(1), { query = '', ...init } = {}) =>
      app.request(`http://localhost/v1/predict${query}`, {
        method: 'POST',
        headers: body instanceof FormData ? {} : { 'content-type': 'image/jpeg' },
        body,
        ...init,
      }),
  };
}

/** A photo of the class at this place. */
export const photo = (place: number, length = 10) => new Uint8Array(length).fill(place);
export const DAMAGED = photo(255);
/** One that browsers can show, too. */
export const playedPhoto = async (place: number) => Buffer.concat([await jpeg(place), photo(place, 1)]);

function predictionOf(bytes: Uint8Array): PhotoPrediction | PipelineError {
  const place = bytes.at(-1)!;
  if (place >= CLASSES.length)
    return new PipelineError('IMAGE_DAMAGED', 'Expected a whole image but its data is damaged');
  const probabilities = Float64Array.from(CLASSES, (_, k) => (k === place ? 0.8 : 0.1));
  const embedding = Float32Array.of(1, 0, 0, 0);
  const own = { className: CLASSES[place]!, probability: 0.8, probabilities, embedding };
  return { sha256: 'ab'.repeat(32), width: 30, height: 20, tasks: new Map([['product_type', own]]) };
}

/** A form with files. */
export function form(...photos: readonly Uint8Array<ArrayBuffer>[]): FormData {
  const made = new FormData();
  for (const [index, bytes] of photos.entries()) made.append('photo', new Blob([bytes]), `${index}.jpg`);
  return made;
}
