import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { listingScanner } from '../kernels/listing-scanner.js';
import { readBlock } from './read-block.js';

const { names } = workerData as { names?: readonly string[] };
const scanner = listingScanner(names);

/** One job of a thread that reads listings: a block of lines; what it made of them is handed over, not copied. */
export default function work(block: Uint8Array): unknown {
  const result = readBlock(Buffer.from(block.buffer, block.byteOffset, block.length), { scanner });
  const { members, numbers, ends, digests, at } = result;
  const own = { ...result, digests: new Uint8Array(digests) };
  const memory = [members, numbers, ends, own.digests, at].map(({ buffer }) => buffer);
  return move({ [transferableSymbol]: memory, [valueSymbol]: own } as never);
}
