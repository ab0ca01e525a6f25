import { z } from 'zod';

/** What the HTTP API takes and gives, in one place: the server, its OpenAPI document and the page's types come from here. */

export const MOST_SIMILAR = 24;

const failure = z
  .strictObject({
    code: z.string().meta({ description: 'Stable: programs can match on it.', examples: ['IMAGE_DAMAGED'] }),
    message: z.string(),
    hint: z.string().exactOptional().meta({ description: 'What to do.' }),
  })
  .meta({ id: 'Failure' });

const probability = z.number().min(0).max(1).meta({ description: 'Calibrated, 0..1.' });

const label = z.strictObject({ label: z.string(), confidence: probability }).meta({ id: 'Label' });

const explanation = z
  .strictObject({
    height: z.int().min(1),
    width: z.int().min(1),
    heat: z.array(z.number().min(0).max(1)).meta({
      description: 'height × width values, row by row; 1: what speaks for the label most.',
    }),
    area: z.strictObject({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }).meta({
      description:
        'Which part of the photo the values lie over, as shares of its sides; more than the photo where the model sees it with a border.',
    }),
  })
  .meta({ id: 'Explanation', description: 'Grad-CAM of the label.' });

const taskAnswer = z
  .strictObject({
    label: z.string().meta({ description: 'The most probable class.' }),
    confidence: probability,
    decision: z.enum(['accepted', 'uncertain', 'unknown']).meta({
      description:
        'accepted: confident enough for the precision that the server is started for; unknown: like no photo that the model learned from.',
    }),
    likeness: z.number().exactOptional().meta({
      description:
        'Cosine, -1..1, to the likest photo that the model learned from, where the server has a gallery.',
    }),
    path: z
      .array(z.string())
      .meta({ description: 'Its groups in the category tree, the coarsest first, then the label.' }),
    top: z.array(label).meta({ description: 'The likeliest classes, the likeliest first.' }),
    explanation: explanation.exactOptional(),
  })
  .meta({ id: 'TaskAnswer' });

const similar = z
  .strictObject({
    id: z.string().meta({ description: 'The image’s id in the catalogue.' }),
    similarity: z.number().meta({ description: 'Cosine of the embeddings, -1..1.' }),
    labels: z.record(z.string(), z.string()).meta({ description: 'By task.' }),
    photo: z.string().meta({ description: 'Where the server has a small JPEG of it.' }),
  })
  .meta({ id: 'SimilarPhoto' });

const named = { name: z.string().exactOptional().meta({ description: 'The file’s name, or the URL.' }) };

const photoAnswer = z
  .strictObject({
    ...named,
    sha256: z.string().meta({ description: 'Of the file’s bytes.' }),
    width: z.int().meta({ description: 'Of the photo, in pixels.' }),
    height: z.int(),
    tasks: z.record(z.string(), taskAnswer),
    similar: z.array(similar).exactOptional(),
  })
  .meta({ id: 'PhotoAnswer' });

const photoFailure = z.strictObject({ ...named, error: failure }).meta({ id: 'PhotoFailure' });

export const predictAnswerSchema = z
  .strictObject({
    photos: z
      .array(z.union([photoAnswer, photoFailure]))
      .meta({ description: 'In the order of the request.' }),
  })
  .meta({ id: 'PredictAnswer' });

export const failureAnswerSchema = z.strictObject({ error: failure }).meta({ id: 'FailureAnswer' });

export const urlRequestSchema = z.strictObject({ url: z.string().min(1).max(2048) }).meta({
  id: 'UrlRequest',
  description: 'A photo that the server downloads, where it is started with --allow-urls.',
});

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

export const predictQuerySchema = z.strictObject({
  top: whole(1, 1000).default(5).meta({ description: 'How many classes of each task.' }),
  similar: whole(0, MOST_SIMILAR)
    .default(0)
    .meta({ description: 'How many of the most similar catalogue photos.' }),
  explain: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether to say what spoke for each task’s label; takes longer.' }),
});

export const modelAnswerSchema = z
  .strictObject({
    tasks: z.array(
      z.strictObject({
        name: z.string(),
        classes: z.array(z.string()).meta({ description: 'Every label that it can give.' }),
        levels: z.array(z.string()).meta({ description: 'Of the category tree above the classes.' }),
      }),
    ),
    backend: z.strictObject({ name: z.string(), device: z.string() }),
    rules: z.array(z.string()).meta({ description: 'What is decided by, in words, a line a task.' }),
    gallery: z
      .strictObject({
        photos: z.int(),
        attribution: z.string().nullable().meta({ description: 'Whom to name with its photos.' }),
      })
      .nullable()
      .meta({ description: 'The catalogue’s photos, where the model has them.' }),
    limits: z.strictObject({
      bodyBytes: z.int(),
      photos: z.int().meta({ description: 'Of one request.' }),
      urls: z.boolean().meta({ description: 'Whether it downloads photos.' }),
    }),
  })
  .meta({ id: 'ModelAnswer' });

export const healthAnswerSchema = z
  .strictObject({ status: z.enum(['ok', 'closing', 'broken']) })
  .meta({ id: 'HealthAnswer' });

export type FailureAnswer = z.output<typeof failureAnswerSchema>;
export type PredictAnswer = z.output<typeof predictAnswerSchema>;
export type PhotoAnswer = z.output<typeof photoAnswer>;
export type PhotoFailure = z.output<typeof photoFailure>;
export type TaskAnswer = z.output<typeof taskAnswer>;
export type SimilarPhoto = z.output<typeof similar>;
export type Explanation = z.output<typeof explanation>;
export type ModelAnswer = z.output<typeof modelAnswerSchema>;
export type PredictQuery = z.output<typeof predictQuerySchema>;
