import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportedSample, SAMPLES_FILE } from '../exported.js';
import { SIDES } from '../records.js';
import type { ExportSink } from './export-sink.js';
import { writeJsonLinesFile } from './jsonl.js';

/**
 * Writes `images.npy` (`uint8`, samples × height × width × 3), `labels.npy` (`int32`, the class), `splits.npy` (`uint8`:
 * 0 train, 1 validation, 2 test) and the samples' lines, all in one order.
 */
export const writeNumpy: ExportSink = async (folder, samples, { count, height, width }) => {
  const labels = new Int32Array(count);
  const splits = new Uint8Array(count);
  const images = await open(join(folder, 'images.npy'), 'wx');
  async function* lines(from: AsyncIterable<ExportedSample>) {
    let row = 0;
    for await (const { line, image } of from) {
      await images.writeFile(image);
      labels[row] = line.class;
      splits[row] = SIDES.indexOf(line.split);
      row += 1;
      yield line;
    }
  }
  try {
    await images.writeFile(npyHeader('|u1', [count, height, width, 3]));
    await writeJsonLinesFile(join(folder, SAMPLES_FILE), lines(samples));
  } finally {
    await images.close();
  }
  await writeArray(join(folder, 'labels.npy'), '<i4', labels);
  await writeArray(join(folder, 'splits.npy'), '|u1', splits);
};

async function writeArray(file: string, dtype: string, values: Int32Array | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(npyHeader(dtype, [values.length]));
    await handle.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  } finally {
    await handle.close();
  }
}

/**
 * What a `.npy` file begins with, version 1.0; the array follows at a multiple of 64 bytes.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function npyHeader(dtype: string, shape: readonly number[]): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = 64 * Math.ceil((10 + text.length + 1) / 64) - 10;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, length & 0xff, length >> 8]);
  return Buffer.concat([start, Buffer.from(`${text.padEnd(length - 1)}\n`, 'ascii')]);
}
