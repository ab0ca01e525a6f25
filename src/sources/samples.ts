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

/** The role of a written sample, which is its last key. */
const ROLE = /,"role":"(main|other)"\}$/;

/** sha256 over the lines of a task's samples without their roles: see `samplesDigest`. */
export function linesDigest(): { add(line: string): void; hex(): string } {
  const hash = createHash('sha256');
  return {
    add(line) {
      hash.update(`${line.replace(ROLE, '}')}\n`);
    },
    hex: () => hash.digest('hex'),
  };
}

/**
 * What names a task's samples in caches and manifests: the sha256 of their JSON lines without the roles, hex. What is
 * cached and learned of photos does not depend on their roles.
 * @throws {PipelineError} `SAMPLES_INVALID` when the file cannot be read.
 */
export async function samplesDigest(file: string, signal: AbortSignal): Promise<string> {
  const digest = linesDigest();
  for await (const { text } of sampleRows(file, signal)) digest.add(text);
  return digest.hex();
}

function unreadable(file: string, cause: unknown): PipelineError {
  return new PipelineError('SAMPLES_INVALID', `Expected a readable file of samples at ${file}`, {
    hint: 'JSON lines (.jsonl, .jsonl.gz, .jsonl.zst) or .parquet with path, label, split and component.',
    cause,
  });
}
