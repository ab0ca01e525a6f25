import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A member of an archive that a test makes; `kind` as in its header, default `0`, a regular file. */
export interface Member {
  name: string;
  bytes?: Uint8Array;
  kind?: string;
  /** Default: the length of `bytes`. */
  size?: number;
  prefix?: string;
  /** The field of the size as it is. */
  sizeField?: Buffer;
}

const BLOCK = 512;

/** A tar archive with whatever headers a test wants. @param end the end mark; none for an archive that was cut. */
export function tarOf(members: readonly Member[], { end = 2 * BLOCK } = {}): Buffer {
  return Buffer.concat([...members.flatMap(blocksOf), Buffer.alloc(end)]);
}

function blocksOf({
  name,
  bytes = new Uint8Array(),
  kind = '0',
  prefix = '',
  ...more
}: Member): Uint8Array[] {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write('0000644', 100);
  if (more.sizeField) header.set(more.sizeField, 124);
  else header.write((more.size ?? bytes.length).toString(8).padStart(11, '0'), 124);
  header.write(' '.repeat(8), 148);
  header.write(kind, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(prefix, 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}

/** pax's record of one key for the member that follows. */
export function pax(key: string, value: string): Member {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) {
    length = String(length).length + Buffer.byteLength(rest);
  }
  return { name: 'PaxHeader', kind: 'x', bytes: Buffer.from(`${length}${rest}`) };
}

const ARCHIVES = { listings: 'abo-listings.tar', images: 'abo-images-small.tar' } as const;

/** Packs a dump's folders into ABO's archives beside them, by the system's own `tar`, and removes them. */
export async function packDump(
  root: string,
  parts: readonly (keyof typeof ARCHIVES)[] = ['listings', 'images'],
): Promise<void> {
  for (const part of parts) {
    execFileSync('tar', ['-C', root, '-cf', join(root, ARCHIVES[part]), part]);
    await rm(join(root, part), { recursive: true });
  }
}
