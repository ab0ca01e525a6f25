import type { Inside } from '../inside.js';
import type { Member } from '../listings/member.js';

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

/** A row whose JSON was read on the way: its wanted members in their order, and its digest as `Listing` has it. */
export interface ReadRow extends RawRow {
  read: {
    /** Of this row and others. */
    members: readonly Member[];
    /** Which of them are the row's: those whose numbers are in [from, to) of `numbers`. */
    numbers: Uint32Array;
    from: number;
    to: number;
    digest: string;
  };
}

/** Cuts bytes into rows at line feeds, as `splitRows` does. */
export type CutLines = (
  source: AsyncIterable<Uint8Array>,
  options: { signal: AbortSignal; shard?: string },
) => AsyncIterable<RawRow | ReadRow>;

/** Why a row could not be read: `parse` puts it into the ledger. */
export interface RowFault {
  reason: 'line-too-long' | 'invalid-utf8' | 'invalid-csv' | 'truncated-shard' | 'unreadable-shard';
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

/** Told of a row of the image table that is none: its line, from 1, and why. */
export type RefuseRow = (line: number, why: string) => void;

/** Where a dump's photos lie, by their path relative to `images/small`. */
export interface ImagesRoot {
  /** What the paths are relative to; absolute: a folder's path, or what it would be if the archive were one. */
  readonly path: string;
  /** Whether a photo is there; a path that leaves the root, through a symbolic link too, is outside. */
  look(photo: string): Promise<Inside>;
  /** A photo's place, whether it is there or not: what `readPhotoFile` reads. */
  placeOf(photo: string): string;
  /** Names, sizes and times of all that lies there, hashed: it changes when a photo does. */
  identity(signal: AbortSignal): Promise<string>;
}

/** Where listings and photos come from; nothing after it knows which kind it is. */
export interface Source {
  readonly kind: string;
  /** What the summary calls it: the folder, or `-`. */
  readonly name: string;
  /** Where photos were said to lie, where that was said of records; as it was said. */
  readonly imagesDir?: string;
  /** The folder of the dump that the photos belong to; absolute. */
  readonly root: string;
  readonly imagesRoot: ImagesRoot;
  /** @param cut how lines become rows; default `splitRows`. */
  rows(signal: AbortSignal, cut?: CutLines): AsyncIterable<RawRow | ReadRow>;
  /** How many rows `rows` gives; absent where that takes reading them: such a source tells how much of its files was read. */
  count?(signal: AbortSignal): Promise<number>;
  images(signal: AbortSignal, refuse?: RefuseRow): AsyncIterable<ImageRow>;
  /**
   * Names, sizes and times of the files that listings and the image table come from, hashed; undefined for a stream that
   * is read once.
   */
  identity(): Promise<string | undefined>;
}
