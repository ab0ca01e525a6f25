import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/*
 * A place says where a file's bytes are, as one string that goes wherever a path goes: through pipes, to threads, into
 * results. It is the path of a file, or a member of a tar archive: `tar:ARCHIVE#OFFSET+SIZE`, ARCHIVE absolute. No
 * absolute path looks like that.
 */

/** A member of a tar archive: so many of its bytes, from the first on. */
export interface Stretch {
  /** The archive's path; absolute. */
  archive: string;
  /** Where the member's first byte is. */
  offset: number;
  /** Bytes. */
  size: number;
}

export function placeOf({ archive, offset, size }: Stretch): string {
  return `tar:${archive}#${offset}+${size}`;
}

/** What a place says of an archive; undefined for the path of a file. */
export function stretchOf(place: string): Stretch | undefined {
  const match = /^tar:(\/.*)#(\d{1,15})\+(\d{1,15})$/s.exec(place);
  if (match === null) return undefined;
  return { archive: match[1]!, offset: Number(match[2]), size: Number(match[3]) };
}

/**
 * The bytes at a place.
 * @param options.most reads no more of them.
 */
export function streamPlace(
  place: string,
  { most = Number.POSITIVE_INFINITY, chunk = 64 * 1024 }: { most?: number; chunk?: number } = {},
): Readable {
  const { archive, offset, size } = stretchOf(place) ?? {
    archive: place,
    offset: 0,
    size: Number.POSITIVE_INFINITY,
  };
  const bytes = Math.min(size, most);
  // A stream's last byte is named, so it cannot be told to read none.
  if (bytes === 0) return Readable.from([]);
  return createReadStream(archive, { start: offset, end: offset + bytes - 1, highWaterMark: chunk });
}
