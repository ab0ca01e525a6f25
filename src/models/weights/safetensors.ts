import { open } from 'node:fs/promises';
import { z } from 'zod';
import { PipelineError } from '../../errors.js';
import type { NamedWeights, Weight } from './named.js';

const LENGTH_BYTES = 8;
/** As in the format's own reader. */
const MOST_HEADER_BYTES = 100_000_000;

const tensor = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const header = z.record(z.string(), z.unknown());

/**
 * Reads the weights of a `.safetensors` file: a length (u64), a JSON header of that length, the tensors' bytes
 * (https://github.com/huggingface/safetensors). Names are those of the weights, `layer/variable`.
 * @throws {PipelineError} `NOT_FOUND`; `MODEL_INVALID` for another or a damaged file, and for numbers that are not float32.
 */
export async function readSafetensors(file: string): Promise<NamedWeights> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new PipelineError('NOT_FOUND', `Expected pretrained weights at ${file}`, {
      hint: '`pipeline fetch weights NETWORK` downloads what is published.',
      cause,
    });
  });
  try {
    const { size } = await handle.stat();
    const read = async (at: number, bytes: number): Promise<Uint8Array> => {
      const memory = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(memory, 0, bytes, at);
      if (bytesRead < bytes)
        throw invalid(file, `Expected ${bytes} bytes at ${at} but received ${bytesRead}`);
      return memory;
    };
    const length = Number(Buffer.from(await read(0, LENGTH_BYTES)).readBigUInt64LE());
    const start = LENGTH_BYTES + length;
    if (length > MOST_HEADER_BYTES || start > size) throw invalid(file, 'Expected a safetensors header');
    const { __metadata__: _, ...entries } = parsed(file, await read(LENGTH_BYTES, length));
    const weights = new Map<string, Weight>();
    for (const [name, entry] of Object.entries(entries)) {
      const { data: found } = tensor.safeParse(entry);
      if (found === undefined) throw invalid(file, `Expected a tensor as ${name}`);
      const { dtype, shape, data_offsets: [from, to] } = found; // biome-ignore format: one line
      if (dtype !== 'F32') throw invalid(file, `Expected float32 for ${name} but received ${dtype}`);
      const bytes = 4 * shape.reduce((product, one) => product * one, 1);
      if (to - from !== bytes || start + to > size) {
        throw invalid(file, `Expected ${bytes} bytes for ${name} but received other places`);
      }
      weights.set(name, {
        shape,
        values: new Float32Array((await read(start + from, bytes)).buffer as ArrayBuffer),
      });
    }
    return weights;
  } finally {
    await handle.close();
  }
}

function parsed(file: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return header.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw invalid(file, 'Expected a safetensors header', cause);
  }
}

function invalid(file: string, message: string, cause?: unknown): PipelineError {
  return new PipelineError('MODEL_INVALID', message, {
    key: file,
    hint: 'Expected is a .safetensors file whose tensors are named layer/variable.',
    ...(cause !== undefined && { cause }),
  });
}
