import type { ExportedSample, ExportImage } from '../exported.js';

export interface ExportOptions {
  /** Samples there are. */
  count: number;
  /** Of each photo, in pixels. */
  height: number;
  width: number;
  image: ExportImage;
  /** Most samples of one shard, where the format has shards. */
  shardSize: number;
}

/** Writes samples into a folder, which is there and empty, one after the other as they come. */
export type ExportSink = (
  folder: string,
  samples: AsyncIterable<ExportedSample>,
  options: ExportOptions,
) => Promise<void>;
