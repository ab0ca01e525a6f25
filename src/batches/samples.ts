import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import { PipelineError } from '../errors.js';

/** A sample of a batch: its photo's key in the cache and its class's index. */
export interface BatchSample {
  key: number;
  label: number;
}

/** The samples of a stream, in the order that its shuffle counts in; in memory that threads can share. */
export interface SampleTable {
  keys: Uint32Array;
  labels: Int32Array;
  /** Where each class begins, and the end: of a table in the order of its labels. */
  classes: Uint32Array;
}

/** As they came; by key, which is the order on the disk; or by label, for balanced draws. */
export type Arrangement = 'given' | 'key' | 'label';

/**
 * Gathers samples; equal samples in equal order give equal tables.
 * @throws {PipelineError} `USAGE` for a key that is no whole number in 0..2³²−1, or a label in −2³¹..2³¹−1.
 */
export function sampleTable(samples: readonly BatchSample[], arrangement: Arrangement): SampleTable {
  assertSamples(samples);
  const sorted =
    arrangement === 'given' ? samples : [...samples].sort((a, b) => a[arrangement] - b[arrangement]);
  const keys = new Uint32Array(new SharedArrayBuffer(4 * sorted.length));
  const labels = new Int32Array(new SharedArrayBuffer(4 * sorted.length));
  const starts: number[] = [];
  for (const [index, { key, label }] of sorted.entries()) {
    keys[index] = key;
    labels[index] = label;
    if (arrangement === 'label' && label !== sorted[index - 1]?.label) starts.push(index);
  }
  return { keys, labels, classes: Uint32Array.of(...starts, sorted.length) };
}

/** Before they are sorted, so that the one that is named is the caller's. */
function assertSamples(samples: readonly unknown[]): void {
  for (let index = 0; index < samples.length; index++) {
    const sample = samples[index] as Partial<BatchSample> | null | undefined;
    const key = sample?.key;
    const label = sample?.label;
    if (typeof key === 'number' && key >>> 0 === key && typeof label === 'number' && (label | 0) === label) {
      continue;
    }
    const received = inspect(sample, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
    throw new PipelineError(
      'USAGE',
      `Expected whole numbers for a key and a label but received ${received}`,
      {
        key: `sample ${index}`,
        hint: 'cache.keyOf(sha256) gives a photo’s key; a label is its class’s index.',
      },
    );
  }
}

/** 8 hex digits for a table's samples. */
export function samplesHash({ keys, labels }: SampleTable): string {
  return crc32(new Uint8Array(labels.buffer), crc32(new Uint8Array(keys.buffer)))
    .toString(16)
    .padStart(8, '0');
}
