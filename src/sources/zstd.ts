import { Decompress, ZstdErrorCode } from 'fzstd';

/** A block of four bytes may say 128 KB: what is handed over at once bounds what comes back at once, and how deep
 * fzstd goes into itself, which it does once a frame. */
const PIECE = 512;

/**
 * Unpacks Zstandard frames (RFC 8878) by fzstd, which is plain JavaScript: Node's own needs Node 22.15. Checksums of
 * frames are passed over.
 * @throws an error whose `code` is `Z_BUF_ERROR` for data that was cut, as zlib says it.
 */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let blocks: Uint8Array[] = [];
  const frames = new Decompress((block) => {
    if (block.length > 0) blocks.push(block);
  });
  const push = (piece: Uint8Array, last: boolean): Uint8Array[] => {
    blocks = [];
    try {
      frames.push(piece, last);
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown };
      const cut = code === ZstdErrorCode.UnexpectedEOF;
      throw Object.assign(new Error(`zstd: ${message}`, { cause: error }), cut && { code: 'Z_BUF_ERROR' });
    }
    return blocks;
  };
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      // What is kept of a piece for later must not change with the reader's buffer.
      yield* push(Uint8Array.from(chunk.subarray(at, at + PIECE)), false);
    }
  }
  yield* push(new Uint8Array(0), true);
}
