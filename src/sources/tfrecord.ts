import { open } from 'node:fs/promises';
import { throwIfAborted } from '../errors.js';
import type { ExportedSample } from '../exported.js';
import { decodeRecord, type Feature, RECORD_HEAD, RECORD_TAIL, recordLength } from '../tfrecord.js';
import { type ExportReader, notExported, parseLine } from './exported.js';
import { readSides } from './exported-shards.js';

/** More than a photo of the most pixels takes. */
const MAX_RECORD_BYTES = 2 ** 30;

/** Reads exported TFRecord shards back, a record at a time. */
export const readTfRecord: ExportReader = (folder, _, signal) =>
  readSides(folder, 'tfrecord', (shard) => readShard(shard, signal));

async function* readShard(shard: string, signal: AbortSignal): AsyncGenerator<ExportedSample> {
  const file = await open(shard);
  try {
    const { size } = await file.stat();
    const read = async (at: number, bytes: number, where: string) => {
      if (bytes > MAX_RECORD_BYTES || at + bytes > size) throw notExported('a whole record', where);
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, at);
      if (bytesRead < bytes) throw notExported('a whole record', where);
      return buffer;
    };
    let record = 0;
    for (let at = 0; at < size; ) {
      throwIfAborted(signal);
      const where = `${shard}:${record}`;
      const head = await read(at, RECORD_HEAD, where);
      const length = located(where, () => recordLength(head));
      const bytes = await read(at + RECORD_HEAD, length + RECORD_TAIL, where);
      yield sampleOf(
        located(where, () => decodeRecord(bytes)),
        where,
      );
      at += RECORD_HEAD + length + RECORD_TAIL;
      record += 1;
    }
  } finally {
    await file.close();
  }
}

/** @throws {PipelineError} `INPUT_INVALID` unless the record's other features say what its line says. */
function sampleOf(features: ReadonlyMap<string, Feature>, where: string): ExportedSample {
  const [json, image] = [features.get('json'), features.get('image')];
  if (!(json instanceof Uint8Array) || !(image instanceof Uint8Array)) {
    throw notExported('a record with the features json and image', where);
  }
  const line = parseLine(Buffer.from(json).toString(), where);
  const text = (name: string) => {
    const value = features.get(name);
    return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  };
  const agrees =
    features.get('label') === line.class &&
    text('class') === line.label &&
    text('split') === line.split &&
    text('sha256') === line.sha256 &&
    text('component') === line.component;
  if (!agrees) throw notExported('features that agree with their json', where);
  return { line, image };
}

function located<Result>(where: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw notExported('a record as it was written', where, error);
  }
}
