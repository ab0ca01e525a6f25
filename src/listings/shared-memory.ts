/** Memory that threads share, lent and given back: blocks go to threads without being copied for them. */
export interface SharedMemory {
  lend(bytes: number): Buffer;
  /** Once nobody reads it any more. */
  giveBack(memory: Buffer): void;
}

/** Buffers are as large as the largest so far, so that each can be lent again. */
export function sharedMemory(): SharedMemory {
  let size = 0;
  let free: SharedArrayBuffer[] = [];
  return {
    lend(bytes) {
      if (bytes > size) {
        size = bytes;
        free = [];
      }
      return Buffer.from(free.pop() ?? new SharedArrayBuffer(size), 0, bytes);
    },
    giveBack({ buffer }) {
      if (buffer instanceof SharedArrayBuffer && buffer.byteLength === size) free.push(buffer);
    },
  };
}
