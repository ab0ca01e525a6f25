import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Sample, type SampleRecord, SIDES, type Side, sampleRecord } from '../records.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import { writeParquet } from '../sinks/parquet.js';

/** The files that hold a task's samples in a run folder, relative to it. */
export function samplesFiles(task: string): { parquet: string; jsonl: string } {
  return { parquet: `samples-${task}.parquet`, jsonl: `samples-${task}.jsonl` };
}

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
    sha256: 'text',
    task: 'text',
  } as const;
  await writeParquet(join(run, parquet), columns, records);
  await writeJsonLinesFile(join(run, jsonl), records);
}

/** Reads a task's samples back, with each photo's absolute path under `imagesRoot`. */
export async function readTaskSamples(run: string, task: string, imagesRoot: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  const lines = createInterface({
    input: createReadStream(join(run, samplesFiles(task).jsonl)),
    crlfDelay: Infinity,
  });
  for await (const line of lines) {
    const record = JSON.parse(line) as SampleRecord;
    samples.push({ ...record, file: join(imagesRoot, record.path) });
  }
  return samples;
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
