/** One listing row as it was read, or why it could not be. */
export interface RawRow {
  /** The row's JSON; empty when there is a fault. */
  text: string;
  /** File name of the shard. */
  shard?: string;
  /** 1-based line in the shard. */
  line?: number;
  fault?: RowFault;
}

/** Why a row could not be read: `parse` puts it into the ledger. */
export interface RowFault {
  reason: 'line-too-long' | 'invalid-utf8' | 'truncated-shard' | 'unreadable-shard';
  detail: string;
}

/** One row of the image table. */
export interface ImageRow {
  imageId: string;
  /** Relative to the images root, with forward slashes. */
  path: string;
  /** The original photo's size in pixels. */
  width: number;
  height: number;
}

/** Where listings and photos come from; nothing after it knows which kind it is. */
export interface Source {
  readonly kind: string;
  /** What the summary calls it: the folder, or `-`. */
  readonly name: string;
  /** The folder that photos' paths are relative to; absolute. */
  readonly imagesRoot: string;
  rows(signal: AbortSignal): AsyncIterable<RawRow>;
  images(signal: AbortSignal): AsyncIterable<ImageRow>;
  /** Names, sizes and times of the files that curation reads, hashed; undefined for a stream that is read once. */
  identity(): Promise<string | undefined>;
}
