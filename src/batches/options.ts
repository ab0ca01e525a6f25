import { z } from 'zod';
import { MOST_PIXELS_A_SIDE } from '../augment/augmenter.js';
import { augmentationSchema } from '../augment/schema.js';
import { canonicalJson } from '../canonical-json.js';
import { PipelineError } from '../errors.js';
import type { CacheIdentity } from '../sinks/tensor-cache/cache.js';
import { describeIssues } from '../zod-issues.js';
import type { StreamOptions } from './epochs.js';
import type { ReaderThreads } from './readers.js';
import type { BatchSample } from './samples.js';

const count = z.int().min(1);
const side = count.max(MOST_PIXELS_A_SIDE);
/** An object that has these methods: its class may be another realm's. */
const having = <Type>(what: string, ...methods: string[]) =>
  z.custom<Type>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    what,
  );

/** What only pixels can be given. */
const ofPixels = {
  dtype: z.enum(['uint8', 'float32']).optional(),
  normalise: z.enum(['scale', 'tf', 'torch', 'caffe']).optional(),
  height: side.optional(),
  width: side.optional(),
  augment: z.strictObject({ recipe: augmentationSchema, seed: z.int(), epoch: z.int() }).optional(),
  transform: z
    .strictObject({
      module: z.string(),
      options: z.custom<unknown>(goesToThreads, 'JSON, which the threads can be sent'),
    })
    .partial({ options: true })
    .optional(),
};

const schema = z
  .strictObject({
    samples: z.custom<readonly BatchSample[]>(Array.isArray, 'an array of samples'),
    batchSize: count,
    epochs: count.optional(),
    shuffle: z
      .strictObject({
        seed: z.int(),
        epoch: z.int(),
        mode: z.enum(['exact', 'block']).optional(),
        block: count.optional(),
        window: count.optional(),
      })
      .optional(),
    balance: z.literal('class').optional(),
    shard: z.strictObject({ index: z.int().min(0), count }).optional(),
    last: z.enum(['keep', 'drop', 'pad']).optional(),
    from: z.string().optional(),
    workers: z
      .union([z.int().min(0), having<ReaderThreads>('readers', 'assertFor', 'lend', 'work')], {
        error: 'a number of threads, or readers',
      })
      .optional(),
    buffers: z.int().min(2).optional(),
    ahead: count.optional(),
    signal: having<AbortSignal>('an AbortSignal', 'addEventListener', 'removeEventListener').optional(),
    ...ofPixels,
  })
  // Issues of their own input: the whole options hold every sample, and what has no JSON.
  .superRefine(
    ({ epochs = 1, shuffle, dtype, normalise, height, width, augment, transform }, { addIssue }) => {
      if (![shuffle, augment].every((of) => Number.isSafeInteger((of?.epoch ?? 0) + (epochs - 1)))) {
        const message = 'so few that the last one’s number is a whole number';
        addIssue({ code: 'custom', path: ['epochs'], message, input: epochs });
      }
      const changed = [normalise, height, width, augment, transform].some((option) => option !== undefined);
      if (dtype === 'uint8' && changed) {
        const message = 'float32, or none of normalise, height, width, augment and transform';
        addIssue({ code: 'custom', path: ['dtype'], message, input: dtype });
      }
      if (augment !== undefined && transform !== undefined) {
        const message = 'none beside a transform, which runs instead';
        addIssue({ code: 'custom', path: ['augment'], message, input: augment.recipe });
      }
    },
  );

/** They are cloned, and are in the stream's identity by their JSON. */
function goesToThreads(value: unknown): boolean {
  try {
    structuredClone(value);
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses a stream's options where they are used, whoever will read it: a thread could only say that it failed.
 * @returns the options, the augmentation as the schema reads it (a number f as its range).
 * @throws {PipelineError} `USAGE` for options that are none, and for what vectors cannot be given.
 */
export function checkedOptions<Options extends StreamOptions>(
  { kind }: CacheIdentity,
  options: Options,
): Options {
  const { data, error } = schema.safeParse(options, { reportInput: true });
  if (error !== undefined) throw new PipelineError('USAGE', describeIssues(error.issues).join('\n  '));
  const given = (name: keyof typeof ofPixels) => options[name] !== undefined;
  const names = Object.keys(ofPixels) as (keyof typeof ofPixels)[];
  const wrong = names.filter((name) => given(name) && !(name === 'dtype' && options.dtype === 'float32'));
  if (kind === 'vectors' && wrong.length > 0) {
    throw new PipelineError('USAGE', `Expected no ${wrong.join(', ')} for a cache of vectors`, {
      hint: 'Vectors are given out as they are, float32.',
    });
  }
  return { ...options, ...(data.augment && { augment: data.augment }) };
}
