import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { PipelineError } from '../errors.js';
import { splitRows } from './lines.js';
import type { RawRow } from './source.js';
import { packingOfName, unpack } from './unpack.js';

/**
 * The rows of a file of samples: JSON lines (plain, gzipped or as Zstandard) or Parquet. A Parquet row comes as its JSON, so that
 * one stage reads them all.
 * @throws {PipelineError} `SAMPLES_INVALID` when the file cannot be read.
 */
export async function* sampleRows(file: string, signal: AbortSignal): AsyncGenerator<RawRow> {
  try {
    if (file.endsWith('.parquet')) {
      const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
      for (const [index, row] of rows.entries()) yield { text: toJson(row), line: index + 1 };
      return;
    }
    const bytes = createReadStream(file);
    try {
      yield* splitRows(unpack(bytes, packingOfName(file)), { signal });
    } finally {
      bytes.destroy();
    }
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw unreadable(file, error);
  }
}

/** Parquet's 64-bit integers come as bigint, which JSON does not know. */
function toJson(row: Record<string, unknown>): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}

/**
 * sha256 of a file of samples, hex: what a run that takes it depends on.
 * @throws {PipelineError} `SAMPLES_INVALID` when the file cannot be read.
 */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  return hash.digest('hex');
}

function unreadable(file: string, cause: unknown): PipelineError {
  return new PipelineError('SAMPLES_INVALID', `Expected a readable file of samples at ${file}`, {
    hint: 'JSON lines (.jsonl, .jsonl.gz, .jsonl.zst) or .parquet with path, label, split and component.',
    cause,
  });
}
