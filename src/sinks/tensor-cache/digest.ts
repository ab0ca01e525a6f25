import { createHash } from 'node:crypto';
import { type CacheDatabases, openSamples, samplesNames } from './databases.js';

/**
 * sha256 over (database, key, value) in key order, hex: equal for caches with the same contents, however they were
 * built. LMDB's own file differs by where commits fell.
 */
export async function digestOf({ root, values, metadata }: CacheDatabases): Promise<string> {
  const hash = createHash('sha256');
  const add = (database: string, key: string | number, value: Uint8Array | string) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    hash.update(JSON.stringify([database, key, bytes.length])).update(bytes);
  };
  for (const { key, value } of metadata.getRange()) add('metadata', key, value);
  for (const key of values.getKeys()) {
    const value = values.getBinaryFast(key)!;
    add('values', key, new Uint8Array(value.buffer, value.byteOffset, value.length));
    if (key % 64 === 63) await new Promise(setImmediate);
  }
  for (const name of samplesNames(root)) {
    const samples = openSamples(root, name);
    for (const { key, value } of samples.getRange()) add(name, key, value);
  }
  return hash.digest('hex');
}
