import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/*
 * What there is of a download until it is whole: `FILE.part`, and in `FILE.part.tag` the name or the date that its server gave to
 * this state of the file.
 */

export const partOf = (file: string) => `${file}.part`;

const tagOf = (part: string) => `${part}.tag`;

/** Bytes of a file; 0 where there is none. */
export const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;

/** The tag of what is there; undefined where its server gave none. */
export const tagIn = (part: string) => readFile(tagOf(part), 'utf8').catch(() => undefined);

/** Keeps what may stand in If-Range (RFC 9110, 13.1.5): a strong tag says that the bytes are the same, else a date. */
export async function keepTag(headers: Headers, part: string): Promise<void> {
  const etag = headers.get('etag');
  const tag = etag?.startsWith('"') ? etag : headers.get('last-modified');
  if (tag) await writeFile(tagOf(part), tag);
  else await rm(tagOf(part), { force: true });
}

export async function removePart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(tagOf(part), { force: true });
}

/** Gives a part that is whole the file's name. */
export async function finishPart(part: string, file: string): Promise<void> {
  await rm(tagOf(part), { force: true });
  await rename(part, file);
}
