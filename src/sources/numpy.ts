import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { SIDES } from '../records.js';
import { type ExportReader, notExported, sampleLines } from './exported.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/**
 * Reads exported NumPy arrays back, a row at a time. Labels and sides must be what the samples' lines say: one of both
 * was edited otherwise, and nobody knows which is meant.
 */
export const readNumpy: ExportReader = async function* (folder, { samples, identity }, signal) {
  const { height, width } = identity;
  const file = join(folder, 'images.npy');
  const handle = await open(file).catch((error: unknown) => {
    throw notExported('an array of photos', file, error);
  });
  try {
    const start = await assertArray(handle, file, '|u1', [samples, height, width, 3]);
    const bytes = height * width * 3;
    const labels = await vector(folder, 'labels.npy', '<i4', samples);
    const splits = await vector(folder, 'splits.npy', '|u1', samples);
    let row = 0;
    for await (const line of sampleLines(folder, signal)) {
      const image = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(image, 0, bytes, start + row * bytes);
      if (bytesRead < bytes) throw notExported(`row ${row} of the photos`, file);
      if (labels.readInt32LE(4 * row) !== line.class || splits[row] !== SIDES.indexOf(line.split)) {
        throw notExported(
          'labels.npy and splits.npy that say what samples.jsonl says',
          `${folder} row ${row}`,
        );
      }
      row += 1;
      yield { line, image };
    }
  } finally {
    await handle.close();
  }
};

/** An array of one dimension, whole. */
async function vector(folder: string, name: string, dtype: '<i4' | '|u1', length: number): Promise<Buffer> {
  const file = join(folder, name);
  const handle = await open(file).catch((error: unknown) => {
    throw notExported(`an array ${name}`, file, error);
  });
  try {
    const start = await assertArray(handle, file, dtype, [length]);
    const values = await handle.readFile();
    const bytes = length * (dtype === '<i4' ? 4 : 1);
    if (values.length >= start + bytes) return values.subarray(start, start + bytes);
    throw notExported(`${length} values`, file);
  } finally {
    await handle.close();
  }
}

/** @returns where the array begins. @throws {PipelineError} `INPUT_INVALID` for another array. */
async function assertArray(
  handle: FileHandle,
  file: string,
  dtype: '<i4' | '|u1',
  shape: readonly number[],
): Promise<number> {
  // Versions 2 and 3 only have longer headers than such an array can need.
  const head = Buffer.alloc(10);
  await handle.read(head, 0, 10, 0);
  const length = head.readUInt16LE(8);
  const text = Buffer.alloc(length);
  await handle.read(text, 0, length, 10);
  const header = text.toString('latin1').replaceAll(/\s/g, '');
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(',');
  const wanted = [`'descr':'${dtype}'`, "'fortran_order':False", `'shape':(${sizes})`];
  const right = head.subarray(0, 6).equals(MAGIC) && head[6] === 1;
  if (right && wanted.every((part) => header.includes(part))) return 10 + length;
  throw notExported(`an array of ${shape.join(' × ')} ${dtype === '<i4' ? 'int32' : 'uint8'}`, file);
}
