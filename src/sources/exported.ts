import { createReadStream, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { augmentationSchema } from '../augment/schema.js';
import { asPipelineError, PipelineError } from '../errors.js';
import {
  CLASSES_FILE,
  DATASET_FILE,
  type DatasetDescription,
  EXPORT_FORMATS,
  type ExportedSample,
  SAMPLES_FILE,
  type SampleLine,
} from '../exported.js';
import { MAX_PIXELS } from '../kernels/decode.js';
import { FILTERS, FITS } from '../kernels/fit.js';
import { STORAGES } from '../kernels/jpeg-storage.js';
import { SIDES } from '../records.js';
import { splitRows } from './lines.js';

/**
 * Reads back what an export wrote, in the order of the photos' keys, one sample at a time.
 * @throws {PipelineError} `INPUT_INVALID` naming what is not as an export writes it, `ABORTED`.
 */
export type ExportReader = (
  folder: string,
  description: DatasetDescription,
  signal: AbortSignal,
) => AsyncIterable<ExportedSample>;

const whole = z.int().min(0);
const side = z.int().min(1).max(MAX_PIXELS);

const descriptionSchema: z.ZodType<DatasetDescription> = z.strictObject({
  schemaVersion: z.literal(1),
  format: z.enum(EXPORT_FORMATS),
  image: z.enum(['png', 'jpg', 'raw']),
  task: z.string().regex(/^[^\p{Cc}]{1,200}$/u),
  hash: z.string().regex(/^[\w.-]{1,128}$/),
  samples: whole,
  identity: z
    .strictObject({
      kind: z.literal('pixels'),
      schemaVersion: z.literal(1),
      height: side,
      width: side,
      channels: z.literal(3),
      dtype: z.literal('uint8'),
      fit: z.enum(FITS),
      filter: z.enum(FILTERS).exclude(['bilinear']).exactOptional(),
      decoder: z.enum(['turbo', 'sharp']),
      storage: z.enum(STORAGES).exclude(['raw']).exactOptional(),
      view: z
        .strictObject({ number: z.int().min(1), seed: z.int(), augmentation: augmentationSchema })
        .exactOptional(),
      versions: z.strictObject({
        decoder: z.string(),
        resize: z.string(),
        storage: z.string().exactOptional(),
        augment: z.string().exactOptional(),
      }),
    })
    .refine(({ height, width }) => height * width <= MAX_PIXELS, { error: 'a photo of fewer pixels' }),
});

const lineSchema: z.ZodType<SampleLine> = z.object({
  index: whole,
  key: whole,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  label: z.string(),
  class: whole,
  split: z.enum(SIDES),
  component: z.string(),
  crc: whole,
});

export const EXPORT_HINT = 'Import reads what `pipeline export` wrote.';

/** For what was read and is not what an export writes. */
export function notExported(expected: string, key: string, cause?: unknown): PipelineError {
  return new PipelineError('INPUT_INVALID', `Expected ${expected}`, {
    key,
    hint: EXPORT_HINT,
    ...(cause !== undefined && { cause }),
  });
}

/**
 * What a folder of exported photos says of itself.
 * @throws {PipelineError} `INPUT_INVALID`
 */
export function readDescription(folder: string): DatasetDescription {
  return readJson(join(folder, DATASET_FILE), descriptionSchema, 'a description of exported photos');
}

/**
 * The labels, by the classes' numbers.
 * @throws {PipelineError} `INPUT_INVALID`
 */
export function readClasses(folder: string): readonly string[] {
  return readJson(join(folder, CLASSES_FILE), z.array(z.string()), 'the labels of exported photos');
}

function readJson<Type>(file: string, schema: z.ZodType<Type>, what: string): Type {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw notExported(`${what} (${basename(file)})`, file, explained(error));
  }
}

/** @param where what the line was read from. @throws {PipelineError} `INPUT_INVALID` */
export function parseLine(text: string, where: string): SampleLine {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (error) {
    throw notExported('a sample’s line', where, explained(error));
  }
}

/** Zod's own message is JSON over many lines. */
function explained(error: unknown): unknown {
  return error instanceof z.ZodError ? new Error(z.prettifyError(error).replaceAll(/\s*\n\s*/g, ' ')) : error;
}

/** The lines of `samples.jsonl`. */
export async function* sampleLines(folder: string, signal: AbortSignal): AsyncGenerator<SampleLine> {
  const file = join(folder, SAMPLES_FILE);
  const bytes = createReadStream(file);
  try {
    for await (const { text, line, fault } of splitRows(bytes, { signal })) {
      if (fault !== undefined)
        throw notExported('a sample’s line', `${file}:${line}`, new Error(fault.detail));
      yield parseLine(text, `${file}:${line}`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? notExported('the samples’ lines', file) : asPipelineError(error);
  } finally {
    bytes.destroy();
  }
}
