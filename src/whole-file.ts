import { rename, rm, writeFile } from 'node:fs/promises';

/** Writes a file under another name first (`FILE.unfinished`), so that it is complete, as it was, or absent. */
export async function writeWholeFile(file: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${file}.unfinished`;
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
