import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportReader, notExported, sampleLines } from './exported.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/** Reads exported NumPy arrays back, a row at a time. */
export const readNumpy: ExportReader = async function* (folder, { samples, identity }, signal) {
  const { height, width } = identity;
  const file = join(folder, 'images.npy');
  const handle = await open(file).catch((error: unknown) => {
    throw notExported('an array of photos', file, error);
  });
  try {
    const start = await assertShape(handle, file, [samples, height, width, 3]);
    const bytes = height * width * 3;
    let row = 0;
    for await (const line of sampleLines(folder, signal)) {
      const image = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(image, 0, bytes, start + row * bytes);
      if (bytesRead < bytes) throw notExported(`row ${row} of the photos`, file);
      row += 1;
      yield { line, image };
    }
  } finally {
    await handle.close();
  }
};

/** @returns where the array begins. @throws {PipelineError} `INPUT_INVALID` for another array. */
async function assertShape(handle: FileHandle, file: string, shape: readonly number[]): Promise<number> {
  // Versions 2 and 3 only have longer headers than such an array can need.
  const head = Buffer.alloc(10);
  await handle.read(head, 0, 10, 0);
  const length = head.readUInt16LE(8);
  const text = Buffer.alloc(length);
  await handle.read(text, 0, length, 10);
  const header = text.toString('latin1').replaceAll(/\s/g, '');
  const wanted = ["'descr':'|u1'", "'fortran_order':False", `'shape':(${shape.join(',')})`];
  const right = head.subarray(0, 6).equals(MAGIC) && head[6] === 1;
  if (right && wanted.every((part) => header.includes(part))) return 10 + length;
  throw notExported(`an array of ${shape.join(' × ')} uint8`, file);
}
