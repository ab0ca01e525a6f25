import { join } from 'node:path';
import { mapOrdered } from '../concurrency.js';
import { isAbort } from '../errors.js';
import type { TreeFigures } from '../labels/tree/figures.js';
import { hashPhotoFile } from '../photo-file.js';
import { type Sample, type SampleRecord, SIDES, type Side, sampleRecord } from '../records.js';
import { readJsonLinesFile, writeJsonLinesFile } from '../sinks/jsonl.js';
import { writeParquet } from '../sinks/parquet.js';
import { linesDigest } from '../sources/samples.js';
import type { ImagesRoot } from '../sources/source.js';
import type { UnmappedValue } from '../stages/label.js';
import { collect, iterate } from '../streams.js';
import type { Unmapped } from '../summary.js';

const READS_AT_ONCE = 16;

/** A task's samples as the manifest keeps them. */
export interface CuratedTask {
  samples: number;
  sides: Record<Side, number>;
  /** Photos a class before the cap: the classes' natural shares. */
  natural: Record<string, number>;
  /** Where the recipe normalises values: those that it could not read. */
  unmapped?: Unmapped;
  /** Where the recipe names a tree: what the nodes say of it. */
  tree?: TreeFigures;
  /** `samplesDigest` of the samples as written: what later steps depend on. */
  digest: string;
}

export function curatedTask(samples: readonly Sample[], natural: Record<string, number>): CuratedTask {
  const digest = linesDigest();
  for (const sample of samples) digest.add(JSON.stringify(sampleRecord(sample)));
  return { samples: samples.length, sides: countSides(samples), natural, digest: digest.hex() };
}

/** So many values are named; the ledger has all. */
const NAMED_UNMAPPED = 100;

/** What the summary and the report say of values that had no label, the most frequent first. */
export function mostUnmapped(values: readonly UnmappedValue[]): Unmapped {
  const photos = values.reduce((total, value) => total + value.photos, 0);
  return { photos, values: values.length, most: values.slice(0, NAMED_UNMAPPED) };
}

/** The files that hold a task's samples in a run folder, relative to it. */
export function samplesFiles(task: string): { parquet: string; jsonl: string } {
  return { parquet: `samples-${task}.parquet`, jsonl: `samples-${task}.jsonl` };
}

const LEVEL_COLUMNS = { coarse: 'text', middle: 'text', fine: 'text' } as const;

/** Writes a task's samples as Parquet (for pandas, polars, DuckDB) and as JSON lines (for pipes). */
export async function writeSamples(run: string, task: string, samples: readonly Sample[]): Promise<void> {
  const { parquet, jsonl } = samplesFiles(task);
  const records = samples.map(sampleRecord);
  const columns = {
    path: 'text',
    label: 'text',
    split: 'text',
    component: 'text',
    imageId: 'text',
    sha256: 'text?',
    task: 'text',
    ...(records.some(({ fine }) => fine !== undefined) && LEVEL_COLUMNS),
    role: 'text?',
  } as const;
  const rows = records.map((record) => ({ ...record, sha256: record.sha256 || undefined }));
  await writeParquet(join(run, parquet), columns, rows);
  await writeJsonLinesFile(join(run, jsonl), records);
}

/** Reads a task's samples back, with each photo's place. */
export async function readTaskSamples(run: string, task: string, imagesRoot: ImagesRoot): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const record of readJsonLinesFile<SampleRecord>(join(run, samplesFiles(task).jsonl))) {
    samples.push({ ...record, file: imagesRoot.placeOf(record.path) });
  }
  return samples;
}

/**
 * The samples with every photo's sha256: curation without `photos: decode` leaves them out. A photo that cannot be
 * read keeps an empty one, for the stage that decodes it to judge.
 */
export async function withHashes(samples: readonly Sample[], signal: AbortSignal): Promise<Sample[]> {
  if (samples.every(({ sha256 }) => sha256 !== '')) return [...samples];
  const hashed = mapOrdered(
    iterate(samples),
    async (sample) => {
      if (sample.sha256 !== '') return sample;
      const sha256 = await hashPhotoFile(sample.file, signal).catch((error: unknown) => {
        if (isAbort(error)) throw error;
        return '';
      });
      return { ...sample, sha256 };
    },
    { concurrency: READS_AT_ONCE, signal },
  );
  return collect(hashed);
}

/** How many samples stand on each side. */
export function countSides(samples: Iterable<{ split: Side }>): Record<Side, number> {
  const counts = Object.fromEntries(SIDES.map((side) => [side, 0])) as Record<Side, number>;
  for (const { split } of samples) counts[split] += 1;
  return counts;
}

/** How many records carry each label, in the labels' order. */
export function countLabels(records: Iterable<{ label: string }>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of records) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
