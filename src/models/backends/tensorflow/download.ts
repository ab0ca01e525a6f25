import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asPipelineError, PipelineError, throwIfAborted } from '../../../errors.js';
import type { EventBus } from '../../../events.js';
import { expectSuccess, get } from './http.js';

const ATTEMPTS = 3;
const MEGABYTE = 1e6;

export interface DownloadOptions {
  url: string;
  /** Hexadecimal. */
  sha256: string;
  /** The file to make; until it is whole it is called `FILE.part`. */
  file: string;
  events: EventBus;
  signal: AbortSignal;
}

/**
 * Downloads a file and checks it. What an interrupted download left is gone on from, in this call (three attempts, more
 * while each of them gets further) and in the next one.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the connection breaks for good, `DOWNLOAD_CORRUPT` where the file is
 * another than the index says (nothing is kept then), `DISK_FULL`, `ABORTED`.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { file, sha256, signal } = options;
  if (await stat(file).catch(() => undefined)) return;
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  let reached = await sizeOf(part);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await fetchRest(options, part);
      break;
    } catch (error) {
      throwIfAborted(signal);
      const failure = asPipelineError(error);
      if (failure.code === 'DISK_FULL') throw failure;
      const size = await sizeOf(part);
      if (size > reached) attempt = 1;
      reached = size;
      if (attempt >= ATTEMPTS || failure.code === 'DOWNLOAD_FAILED') throw interrupted(failure, size);
    }
  }
  const found = await sha256Of(part, signal);
  if (found !== sha256) {
    await rm(part);
    throw new PipelineError('DOWNLOAD_CORRUPT', `Expected sha256 ${sha256} but the download has ${found}`, {
      key: file,
      hint: 'The file was removed. Run the same command again; if it stays so, the index or a proxy gives another file.',
    });
  }
  await rename(part, file);
}

function interrupted(error: PipelineError, size: number): PipelineError {
  if (size === 0 && error.code === 'DOWNLOAD_FAILED') return error;
  return new PipelineError('DOWNLOAD_FAILED', `Expected the whole file but the connection broke`, {
    hint: `Run the same command again: it goes on after the ${megabytes(size)} MB that are there.`,
    cause: error.cause ?? error,
  });
}

async function fetchRest({ url, events, signal }: DownloadOptions, part: string): Promise<void> {
  let done = await sizeOf(part);
  const response = await get(url, { signal, headers: done > 0 ? { range: `bytes=${done}-` } : {} });
  // Nothing is left to send: the whole file is there.
  if (response.status === 416) return;
  expectSuccess(response, url);
  // A server that cannot go on sends everything again.
  if (response.status !== 206) done = 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? done + length : undefined;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      events.emit({
        type: 'progress',
        stage: 'download',
        done: megabytes(done),
        ...(total !== undefined && { total: megabytes(total) }),
        unit: 'MB',
      });
      next(null, chunk);
    },
  });
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(body, count, createWriteStream(part, { flags: response.status === 206 ? 'a' : 'w' }), {
    signal,
  });
  if (total !== undefined && done !== total) throw new Error(`Expected ${total} bytes but received ${done}`);
}

const megabytes = (bytes: number) => Math.round(bytes / MEGABYTE);

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}
