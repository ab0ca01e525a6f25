import { statfs } from 'node:fs/promises';
import { PipelineError } from './errors.js';

/** Bytes that can still be written into a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

const onDisk: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** @throws {PipelineError} `DISK_FULL` where fewer bytes than these can be written. */
export async function expectRoom(
  folder: string,
  bytes: number,
  { hint, freeBytes = onDisk }: { hint: string; freeBytes?: FreeBytes | undefined },
): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  const megabytes = (value: number) => `${Math.ceil(value / 1e6)} MB`;
  throw new PipelineError(
    'DISK_FULL',
    `Expected ${megabytes(bytes)} free in ${folder} but there are ${megabytes(free)}`,
    { hint },
  );
}
