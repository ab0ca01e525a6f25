import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import { outputFolder } from '../folder.js';
import { type LinesFile, linesFile } from './lines-file.js';
import { isSyntheticDump, TRUTH } from './truth.js';

export const SHARDS = [...'0123456789abcdef'].map((digit) => `listings_${digit}.json.gz`);
/** The truth file until the dump is whole. */
export const UNFINISHED = `${TRUTH}.unfinished`;
/** What the dump is, for people. */
export const README = 'README.md';

/** Only an empty folder or an older synthetic dump, whole or interrupted, is written to. */
export async function prepareFolder(out: string): Promise<void> {
  outputFolder(out);
  const names = await readdir(out);
  const ours = names.includes(UNFINISHED) || (await isSyntheticDump(out));
  if (names.length > 0 && !ours) {
    throw new PipelineError('USAGE', `Expected an empty folder or an older synthetic dump at ${out}`, {
      hint: 'Name another folder with --out: nothing in this one was touched.',
    });
  }
  // From here on the dump is not whole, and says so before anything of it is removed.
  await writeFile(join(out, UNFINISHED), '');
  for (const name of [TRUTH, README, 'listings', 'images'])
    await rm(join(out, name), { recursive: true, force: true });
  await mkdir(join(out, 'listings/metadata'), { recursive: true });
  await mkdir(join(out, 'images/metadata'), { recursive: true });
  await mkdir(join(out, 'images/small'), { recursive: true });
}

export interface DumpFiles {
  shards: readonly LinesFile[];
  table: LinesFile;
  truth: LinesFile;
}

/** The dump's tables; the image table has its header already. */
export async function openFiles(out: string): Promise<DumpFiles> {
  const table = linesFile(join(out, 'images/metadata/images.csv.gz'));
  await table.write('image_id,height,width,path');
  return {
    shards: SHARDS.map((name) => linesFile(join(out, 'listings/metadata', name))),
    table,
    truth: linesFile(join(out, UNFINISHED)),
  };
}
