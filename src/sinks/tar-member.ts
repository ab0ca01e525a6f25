const BLOCK = 512;
/** Bytes of a header: the member's own begin behind it. */
export const TAR_HEADER = BLOCK;
/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * A file of a POSIX `ustar` archive: header, bytes, padding. Time, owner and group are 0, so that equal contents are equal
 * archives. Fields: IEEE Std 1003.1, pax, "ustar Interchange Format".
 * @param name ASCII, at most 100 characters.
 */
export function tarMember(name: string, bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, 0, 100, 'ascii');
  header.write(octal(0o644, 7), 100, 'ascii');
  header.write(octal(0, 7), 108, 'ascii');
  header.write(octal(0, 7), 116, 'ascii');
  header.write(octal(bytes.length, 11), 124, 'ascii');
  header.write(octal(0, 11), 136, 'ascii');
  // The checksum counts its own field as spaces.
  header.write(' '.repeat(8), 148, 'ascii');
  header.write('0', 156, 'ascii');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}
