import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ExportedSample, imagePath, SAMPLES_FILE } from '../exported.js';
import type { ExportSink } from './export-sink.js';
import { writeJsonLinesFile } from './jsonl.js';

/** Writes `SIDE/LABEL/SHA256.png` (or `.jpg`), and each sample's line with its `path` in `samples.jsonl`. */
export const writeImageFolder: ExportSink = async (folder, samples, { image: extension }) => {
  const made = new Set<string>();
  async function* lines(from: AsyncIterable<ExportedSample>) {
    for await (const { line, image } of from) {
      const path = imagePath(line, extension);
      const file = join(folder, path);
      const parent = dirname(file);
      if (!made.has(parent)) {
        await mkdir(parent, { recursive: true });
        made.add(parent);
      }
      await writeFile(file, image);
      yield { ...line, path };
    }
  }
  await writeJsonLinesFile(join(folder, SAMPLES_FILE), lines(samples));
};
