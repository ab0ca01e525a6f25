import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedSample } from '../exported.js';
import { SIDES } from '../records.js';
import { notExported } from './exported.js';

/**
 * Reads exported shards back, in the order of the photos' keys: those of one side after the other, the sides beside each
 * other.
 * @param extension of the shards' names.
 * @throws {PipelineError} `INPUT_INVALID` for a sample in another side's shard; what `readShard` throws.
 */
export async function* readSides(
  folder: string,
  extension: string,
  readShard: (shard: string) => AsyncGenerator<ExportedSample>,
): AsyncGenerator<ExportedSample> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(`.${extension}`)).sort();
  const sides = SIDES.map(async function* (side) {
    for (const name of names.filter((one) => one.startsWith(`${side}-`))) {
      const shard = join(folder, name);
      for await (const sample of readShard(shard)) {
        if (sample.line.split === side) yield sample;
        else throw notExported(`samples of ${side}`, `${shard} ${sample.line.index}`);
      }
    }
  });
  yield* byKey(sides);
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
