import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What was drawn and what curation should find in it; its presence is what marks a dump as synthetic. */
export const TRUTH = 'truth.json';

/** Whether a dump was drawn by `synthesize`: results on it say nothing about a real catalogue. */
export async function isSyntheticDump(root: string): Promise<boolean> {
  const found = await stat(join(root, TRUTH)).catch(() => undefined);
  return found?.isFile() ?? false;
}
