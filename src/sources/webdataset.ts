import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedSample } from '../exported.js';
import { SIDES } from '../records.js';
import { EXPORT_HINT, type ExportReader, notExported, parseLine } from './exported.js';
import { readTar } from './tar.js';

/** Reads exported tar shards back: those of one side after the other, the sides beside each other. */
export const readWebDataset: ExportReader = async function* (folder, { image }, signal) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.tar')).sort();
  const sides = SIDES.map((side) => {
    const shards = names.filter((name) => name.startsWith(`${side}-`)).map((name) => join(folder, name));
    return readShards(shards, image, signal);
  });
  yield* byKey(sides);
};

async function* readShards(
  shards: readonly string[],
  extension: string,
  signal: AbortSignal,
): AsyncGenerator<ExportedSample> {
  for (const shard of shards) {
    let key: string | undefined;
    let parts = new Map<string, Buffer>();
    const sample = (): ExportedSample => {
      const [line, image] = [parts.get('json'), parts.get(extension)];
      const where = `${shard} ${key}`;
      if (line === undefined || image === undefined) {
        throw notExported(`${key}.json and ${key}.${extension}`, where);
      }
      return { line: parseLine(line.toString(), where), image };
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
}

/** Streams that are each in the order of the photos' keys as one that is. */
async function* byKey(streams: readonly AsyncGenerator<ExportedSample>[]): AsyncGenerator<ExportedSample> {
  const next = async (stream: AsyncGenerator<ExportedSample>) => {
    const { done, value } = await stream.next();
    return done ? [] : [{ stream, value }];
  };
  try {
    let heads = (await Promise.all(streams.map(next))).flat();
    while (heads.length > 0) {
      heads.sort((a, b) => a.value.line.key - b.value.line.key);
      const [first, ...others] = heads;
      yield first!.value;
      heads = [...(await next(first!.stream)), ...others];
    }
  } finally {
    await Promise.allSettled(streams.map((stream) => stream.return(undefined)));
  }
}
