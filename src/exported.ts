import { createHash } from 'node:crypto';
import type { Side } from './records.js';
import type { PixelIdentity } from './sinks/tensor-cache/cache.js';

/*
 * What stands beside a cache's photos in every other format: `dataset.json` says what they are, one line a sample what
 * each is. With both, a cache can be made again that has the same contents.
 */

export const EXPORT_FORMATS = ['webdataset', 'tfrecord', 'folder', 'numpy'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** `raw`: the pixels as they are. */
export type ExportImage = 'png' | 'jpg' | 'raw';

export const DATASET_FILE = 'dataset.json';
export const CLASSES_FILE = 'classes.json';
export const SAMPLES_FILE = 'samples.jsonl';
export const ATTRIBUTION_FILE = 'ATTRIBUTION.txt';

/** `dataset.json`. */
export interface DatasetDescription {
  schemaVersion: 1;
  format: ExportFormat;
  image: ExportImage;
  task: string;
  /** What the task's samples are stored under in the cache. */
  hash: string;
  /** How many there are. */
  samples: number;
  /** Of the cache. */
  identity: PixelIdentity;
}

/** One sample's line. */
export interface SampleLine {
  /** Its place in the task's samples. */
  index: number;
  /** Its photo's key in the cache. */
  key: number;
  /** Of the photo's file, hex. */
  sha256: string;
  label: string;
  /** The label's place in `classes.json`, which has the labels in the order of their UTF-16 code units. */
  class: number;
  split: Side;
  component: string;
  /** CRC-32 of the pixels. */
  crc: number;
}

/** A sample with its photo: a PNG or JPEG file, or height × width × 3 `uint8` RGB. */
export interface ExportedSample {
  line: SampleLine;
  image: Uint8Array;
}

const MAX_NAME_BYTES = 200;

/**
 * A folder's name for a label, whatever is in it: one name, no path, and no other label's. All but letters, digits and
 * `_-.` is percent-encoded; a long label is cut and ends in its hash.
 */
export function folderOfLabel(label: string): string {
  const name = label.replace(/[^\p{L}\p{N}_.-]|^\./gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  );
  if (name === '') return '%';
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const hash = createHash('sha256').update(label).digest('hex');
  return `${[...name].slice(0, 32).join('')}~${hash.slice(0, 16)}`;
}

/** Where an image folder has a sample's photo, relative to it. */
export function imagePath({ split, label, sha256 }: SampleLine, extension: string): string {
  return `${split}/${folderOfLabel(label)}/${sha256}.${extension}`;
}
