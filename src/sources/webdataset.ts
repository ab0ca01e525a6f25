import type { ExportedSample } from '../exported.js';
import { EXPORT_HINT, type ExportReader, notExported, parseLine } from './exported.js';
import { readSides } from './exported-shards.js';
import { readTar } from './tar.js';

/** Reads exported tar shards back. */
export const readWebDataset: ExportReader = (folder, { image }, signal) =>
  readSides(folder, 'tar', (shard) => readShard(shard, image, signal));

async function* readShard(
  shard: string,
  extension: string,
  signal: AbortSignal,
): AsyncGenerator<ExportedSample> {
  let key: string | undefined;
  let parts = new Map<string, Buffer>();
  const sample = (): ExportedSample => {
    const [line, image] = [parts.get('json'), parts.get(extension)];
    const where = `${shard} ${key}`;
    if (line === undefined || image === undefined) {
      throw notExported(`${key}.json and ${key}.${extension}`, where);
    }
    const read = parseLine(line.toString(), where);
    if (parts.get('cls')?.toString() !== String(read.class) || Number(key) !== read.index) {
      throw notExported(`${key}.cls and a name that agree with ${key}.json`, where);
    }
    return { line: read, image };
  };
  for await (const { name, bytes } of readTar(shard, { signal, hint: EXPORT_HINT })) {
    // WebDataset's rule: files side by side with the same name up to the first dot are one sample.
    const dot = name.indexOf('.');
    const base = name.slice(0, dot);
    if (key !== undefined && base !== key) {
      yield sample();
      parts = new Map();
    }
    key = base;
    parts.set(name.slice(dot + 1), bytes);
  }
  if (key !== undefined) yield sample();
}
