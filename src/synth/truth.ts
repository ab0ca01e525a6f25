import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What was drawn; its presence is what marks a dump as synthetic, and as whole. */
export const TRUTH = 'truth.json';
/** One line an image of the table: what curation should find out about it. */
export const TRUTH_IMAGES = 'truth/images.jsonl.gz';

export interface Truth {
  schemaVersion: 1;
  seed: number;
  /** Rows that were asked for, and that were written. */
  listings: number;
  rows: number;
  /** Rows of the image table. */
  images: number;
  products: number;
}

export interface TrueImage {
  imageId: string;
  path: string;
  /** Images with the same are one picture, whatever their bytes. */
  picture: string;
  /** Images with the same show one shape: views and colour variants. */
  family: string;
  type?: string;
  colour?: string;
  /** What is wrong with the file, or with its row. */
  fault?: 'cut' | 'empty' | 'text' | 'missing' | 'orphan';
}

/** Whether a dump was drawn by `synthesize`: results on it say nothing about a real catalogue. */
export async function isSyntheticDump(root: string): Promise<boolean> {
  const found = await stat(join(root, TRUTH)).catch(() => undefined);
  return found?.isFile() ?? false;
}
