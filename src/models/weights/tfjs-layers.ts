import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../../errors.js';
import type { NamedWeights, Weight } from './named.js';

const manifestSchema = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.int().min(0)),
          dtype: z.string(),
          quantization: z.unknown().optional(),
        }),
      ),
    }),
  ),
});

const HINT = 'Expected is a folder in TensorFlow.js layers format: model.json and the shards that it names.';

/**
 * Reads the weights of a TensorFlow.js layers folder (model.json + shards) without TensorFlow.js.
 * @throws {PipelineError} `NOT_FOUND` where there is no model.json or shard, `MODEL_INVALID` where they are not what
 *   they should be: not JSON, another layout, quantised, shards that are too short or too long or lie elsewhere.
 */
export async function readTfjsWeights(folder: string): Promise<NamedWeights> {
  const manifest = await readManifest(join(folder, 'model.json'));
  const weights = new Map<string, Weight>();
  for (const group of manifest) {
    const bytes = Buffer.concat(await Promise.all(group.paths.map((path) => readShard(folder, path))));
    let offset = 0;
    for (const { name, shape, dtype, quantization } of group.weights) {
      if (dtype !== 'float32' || quantization !== undefined) {
        throw invalid(
          folder,
          `Expected float32 for ${name} but received ${quantization ? 'quantised ' : ''}${dtype}`,
        );
      }
      const length = shape.reduce((product, size) => product * size, 1);
      // A copy: shards need not be aligned, and one weight must not keep its whole group in memory.
      const end = offset + 4 * length;
      if (end > bytes.length) break;
      const values = new Float32Array(length);
      new Uint8Array(values.buffer).set(bytes.subarray(offset, end));
      weights.set(name, { shape, values });
      offset = end;
    }
    const expected = group.weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    if (expected !== bytes.length) {
      throw invalid(
        folder,
        `Expected ${expected} bytes in ${group.paths.join(', ')} but received ${bytes.length}`,
      );
    }
  }
  return weights;
}

async function readManifest(file: string) {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `Expected pretrained weights at ${file}`, {
      hint: HINT,
      cause: error,
    });
  });
  try {
    return manifestSchema.parse(JSON.parse(text)).weightsManifest;
  } catch (error) {
    throw new PipelineError('MODEL_INVALID', `Expected a weightsManifest in ${file}`, {
      hint: HINT,
      cause: error,
    });
  }
}

async function readShard(folder: string, path: string): Promise<Buffer> {
  if (path.startsWith('/') || path.split('/').includes('..')) {
    throw invalid(folder, `Expected shards inside the folder but received ${path}`);
  }
  return readFile(join(folder, path)).catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `Expected the shard ${path} in ${folder}`, {
      hint: HINT,
      cause: error,
    });
  });
}

function invalid(folder: string, message: string): PipelineError {
  return new PipelineError('MODEL_INVALID', message, { key: folder, hint: HINT });
}
