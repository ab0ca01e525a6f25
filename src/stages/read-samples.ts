import { posix } from 'node:path';
import { z } from 'zod';
import { mapOrdered } from '../concurrency.js';
import { isAbort, PipelineError } from '../errors.js';
import { staysInside } from '../inside.js';
import { hashPhotoFile } from '../photo-file.js';
import { ROLES, type Sample } from '../records.js';
import type { ImagesRoot, RawRow } from '../sources/source.js';
import type { Stage } from '../stage.js';

const text = z.union([z.string(), z.number().transform(String)]);
const recordSchema = z.object({
  path: z.string().min(1),
  label: text.refine((label) => label.trim() !== '', { error: 'a label' }),
  split: z.enum(['train', 'validation', 'test']),
  component: text,
  imageId: z.string().optional(),
  // Others may mean something else by it, and Parquet has null where JSON lines have nothing.
  role: z.enum(ROLES).optional().catch(undefined),
  // The path of its class in a category tree, all of it or nothing.
  coarse: text.nullish(),
  middle: text.nullish(),
  fine: text.nullish(),
});

const READS_AT_ONCE = 16;

/** What became of one row. */
type ReadRow = { row: RawRow } & ({ sample: Sample } | { error: unknown });

/**
 * Rows of a file of samples → samples: photos, labels, sides and components as given, each photo read once for its
 * sha256. A row that is not a sample, or whose path leaves `imagesRoot`, is quarantined; one whose file is not there
 * is dropped, and so is a second row for one path.
 */
export function readSamples(options: { task: string; imagesRoot: ImagesRoot }): Stage<RawRow, Sample> {
  return {
    name: 'samples',
    task: options.task,
    async *run(source, { account, signal }) {
      const seen = new Set<string>();
      const read = async (row: RawRow): Promise<ReadRow> => {
        try {
          const sample = parseSample(row, options);
          const look = await options.imagesRoot.look(sample.path);
          if (look === 'path-outside') throw outside(sample.path);
          return { row, sample: { ...sample, sha256: await hashPhotoFile(sample.file, signal) } };
        } catch (error) {
          if (isAbort(error)) throw error;
          return { row, error };
        }
      };
      for await (const done of mapOrdered(source, read, { concurrency: READS_AT_ONCE, signal })) {
        const key = `samples:${done.row.line ?? '?'}`;
        if ('sample' in done) {
          if (seen.has(done.sample.path)) {
            account.dropped(key, 'path-twice', { detail: done.sample.path });
            continue;
          }
          seen.add(done.sample.path);
          yield done.sample;
        } else if ((done.error as PipelineError).code === 'NOT_FOUND') {
          account.dropped(key, 'file-missing', { detail: (done.error as Error).message });
        } else account.quarantined(key, done.row.fault?.reason ?? 'invalid-sample', done.error);
      }
    },
  };
}

/** @throws {PipelineError} `SAMPLES_INVALID` */
function parseSample(row: RawRow, { task, imagesRoot }: { task: string; imagesRoot: ImagesRoot }): Sample {
  if (row.fault !== undefined) throw new PipelineError('SAMPLES_INVALID', row.fault.detail);
  const result = recordSchema.safeParse(JSON.parse(row.text));
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.join('.') || 'the row';
    throw new PipelineError(
      'SAMPLES_INVALID',
      `Expected {path, label, split, component} but ${where}: ${issue?.message}`,
    );
  }
  // One photo has one path, however it is written.
  const path = posix.normalize(result.data.path);
  if (!staysInside(imagesRoot.path, path)) throw outside(path);
  const { imageId = path, label, split, component, role, coarse, middle, fine } = result.data;
  const file = imagesRoot.placeOf(path);
  const sample = { path, label, split, component, imageId, task, sha256: '', file, ...(role && { role }) };
  return coarse && middle && fine ? { ...sample, coarse, middle, fine } : sample;
}

function outside(path: string): PipelineError {
  return new PipelineError(
    'SAMPLES_INVALID',
    `Expected a path inside the photos’ folder but received ${path}`,
  );
}
