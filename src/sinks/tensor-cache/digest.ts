import { createHash, type Hash } from 'node:crypto';
import { type CacheDatabases, FILE_ID, openSamples, SEAL, samplesNames } from './databases.js';

/**
 * sha256 over (database, key, value) in key order, hex: equal for caches with the same contents, however they were
 * built. LMDB's own file differs by where commits fell.
 */
export async function digestOf(databases: CacheDatabases, onPhoto?: (done: number) => void): Promise<string> {
  const { values } = databases;
  const hash = createHash('sha256');
  addMetadata(hash, databases);
  let done = 0;
  for (const key of values.getKeys()) {
    const value = values.getBinaryFast(key)!;
    add(hash, 'values', key, new Uint8Array(value.buffer, value.byteOffset, value.length));
    done += 1;
    onPhoto?.(done);
    if (key % 64 === 63) await new Promise(setImmediate);
  }
  addSamples(hash, databases);
  return hash.digest('hex');
}

/** sha256 over what has no checksum of its own: the photos' names, keys and checksums, and all samples; hex. */
export function sealOf(databases: CacheDatabases): string {
  const hash = createHash('sha256');
  addMetadata(hash, databases);
  addSamples(hash, databases);
  return hash.digest('hex');
}

function add(hash: Hash, database: string, key: string | number, value: Uint8Array | string): void {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  hash.update(JSON.stringify([database, key, bytes.length])).update(bytes);
}

function addMetadata(hash: Hash, { metadata }: CacheDatabases): void {
  for (const { key, value } of metadata.getRange()) {
    if (key !== SEAL && key !== FILE_ID) add(hash, 'metadata', key, value);
  }
}

function addSamples(hash: Hash, { root }: CacheDatabases): void {
  for (const name of samplesNames(root)) {
    for (const { key, value } of openSamples(root, name).getRange()) add(hash, name, key, value);
  }
}
