import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Copies a model folder's network: it is kept as `tf.loadLayersModel` reads it. */
export async function copyTfjsModel(folder: string, out: string): Promise<void> {
  for (const name of ['model.json', 'weights.bin']) await copyFile(join(folder, name), join(out, name));
}
