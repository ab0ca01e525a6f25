import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export interface Checksum {
  algorithm: 'md5' | 'sha256';
  /** Hexadecimal, lower case. */
  hex: string;
}

/**
 * The MD5 that a server states of a file: Google's `x-goog-hash`, or the ETag of S3 and its like, which is the MD5 of what was
 * uploaded in one piece and not encrypted by keys (AWS, "Checking object integrity": one of several pieces has a dash).
 */
export function statedChecksum(headers: Headers): Checksum | undefined {
  const md5 = /(?:^|,)\s*md5=([A-Za-z0-9+/]{22}==)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  if (md5 !== undefined) return { algorithm: 'md5', hex: Buffer.from(md5, 'base64').toString('hex') };
  const byKey =
    headers.get('x-amz-server-side-encryption')?.startsWith('aws:') ||
    headers.has('x-amz-server-side-encryption-customer-algorithm');
  const tag = /^"([0-9a-f]{32})"$/i.exec(headers.get('etag') ?? '')?.[1];
  return tag === undefined || byKey ? undefined : { algorithm: 'md5', hex: tag.toLowerCase() };
}

/** A file's hash, hexadecimal. */
export async function hexOf(
  path: string,
  algorithm: Checksum['algorithm'],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}
