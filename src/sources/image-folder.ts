import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import { imagePath } from '../exported.js';
import { lookInside } from '../inside.js';
import { readPhotoFile } from '../photo-file.js';
import { type ExportReader, notExported, sampleLines } from './exported.js';

/** Reads an exported image folder back. */
export const readImageFolder: ExportReader = async function* (folder, { image }, signal) {
  const root = await realpath(folder);
  for await (const line of sampleLines(folder, signal)) {
    const path = imagePath(line, image);
    const file = join(root, path);
    if ((await lookInside(root, path)) !== 'there') throw notExported('a photo inside the folder', file);
    try {
      yield { line, image: readPhotoFile(file) };
    } catch (error) {
      throw error instanceof PipelineError ? notExported('a photo', file, error) : error;
    }
  }
};
