import { rename, rm, stat, writeFile } from 'node:fs/promises';

/**
 * Writes a file under another name first (`FILE.unfinished`), so that it is complete, as it was, or absent. A pipe or a
 * device is written as it is: another file must not take its place.
 */
export async function writeWholeFile(file: string, content: string | Uint8Array): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && !there.isFile()) return writeFile(file, content);
  const unfinished = `${file}.unfinished`;
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
