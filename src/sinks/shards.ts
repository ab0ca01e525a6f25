import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedSample } from '../exported.js';

export interface ShardOptions {
  /** Most samples of one shard. */
  shardSize: number;
  extension: string;
  encode(sample: ExportedSample): Uint8Array;
  /** What ends a shard. */
  end?: Uint8Array;
}

/**
 * Writes samples into shards `SIDE-000000.EXT`, `SIDE-000001.EXT`, …: a shard has samples of one side only, so a new one
 * begins with each side and after `shardSize` samples. One shard is open at a time.
 * @param samples side by side.
 */
export async function writeShards(
  folder: string,
  samples: AsyncIterable<ExportedSample>,
  { shardSize, extension, encode, end }: ShardOptions,
): Promise<void> {
  let shard: { file: FileHandle; side: string; index: number; samples: number } | undefined;
  const close = async () => {
    if (shard === undefined) return;
    const { file } = shard;
    if (end !== undefined) await file.writeFile(end);
    shard = undefined;
    await file.close();
  };
  try {
    for await (const sample of samples) {
      const side = sample.line.split;
      if (shard?.side !== side || shard.samples === shardSize) {
        const index: number = shard?.side === side ? shard.index + 1 : 0;
        await close();
        const name = `${side}-${String(index).padStart(6, '0')}.${extension}`;
        // `wx`: samples that do not come side by side would begin a shard again.
        shard = { file: await open(join(folder, name), 'wx'), side, index, samples: 0 };
      }
      await shard.file.writeFile(encode(sample));
      shard.samples += 1;
    }
    await close();
  } finally {
    await shard?.file.close();
  }
}
