/**
 * Looks at a stream's first bytes, and gives the stream with them.
 * @param wanted how many are wanted, said of what is there so far: waits for no more of them.
 */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  wanted: (sofar: Buffer) => number,
): Promise<{ head: Buffer; all: AsyncIterable<Uint8Array> }> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < wanted(head)) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* all() {
    try {
      if (head.length > 0) yield head;
      yield* { [Symbol.asyncIterator]: () => chunks };
    } finally {
      await chunks.return?.();
    }
  }
  return { head, all: all() };
}
