import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { asPipelineError, PipelineError, throwIfAborted } from './errors.js';
import type { EventBus } from './events.js';
import { expectSuccess, get } from './http.js';

/** Attempts that get no byte further, one after the other, until a download has failed. */
const ATTEMPTS = 3;
/** A server that asks for a longer pause is asked again by the user. */
const LONGEST_PAUSE_MS = 120_000;
const MEGABYTE = 1e6;

export interface Checksum {
  algorithm: 'md5' | 'sha256';
  /** Hexadecimal, lower case. */
  hex: string;
}

export interface DownloadOptions {
  url: string;
  /** What is published of the file; where it is absent, an MD5 that the server states (`x-goog-hash`) is checked. */
  checksum?: Checksum;
  /** The file to make; until it is whole it is called `FILE.part`. */
  file: string;
  events: EventBus;
  signal: AbortSignal;
  /** What a user can do where the server cannot be reached, and where it has no such file. */
  hints: { offline: string; missing: string };
  /** The connection is given up after so long without a byte; default a minute. */
  stallMs?: number;
  /** The first pause before another attempt, doubled each time; default half a second. */
  pauseMs?: number;
}

/** What another attempt may mend. */
class Interruption extends Error {
  constructor(
    message: string,
    /** The pause that the server asks for. */
    readonly afterMs = 0,
  ) {
    super(message);
  }
}

/**
 * Downloads a file and checks it; a file that is there is only checked. What an interrupted download left is gone on
 * from, in this call (three attempts, more while each of them gets further) and in the next one, as long as the server
 * says that it is the same file.
 * @returns whether anything was downloaded.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the connection breaks for good or the server refuses,
 * `DOWNLOAD_CORRUPT` where the file is another than the published one (nothing is kept then), `DISK_FULL`, `ABORTED`.
 */
export async function download(options: DownloadOptions): Promise<boolean> {
  const { file, checksum, signal, pauseMs = 500 } = options;
  if (await isWhole(file, checksum, signal)) return false;
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  let reached = await sizeOf(part);
  let stated: Checksum | undefined;
  let answered = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      stated = await fetchRest(options, part);
      break;
    } catch (error) {
      throwIfAborted(signal);
      const failure = asPipelineError(error);
      const size = await sizeOf(part);
      const further = size > reached;
      reached = size;
      if (further) attempt = 1;
      // A server that never answered is not there; one that did may come back.
      answered ||= further || error instanceof Interruption;
      const refused = failure.code === 'DOWNLOAD_FAILED' && !(answered && failure.cause !== undefined);
      const afterMs = error instanceof Interruption ? error.afterMs : 0;
      if (failure.code === 'DISK_FULL') throw failure;
      if (refused || attempt >= ATTEMPTS || afterMs > LONGEST_PAUSE_MS) {
        throw interrupted(failure, size, afterMs);
      }
      await pause(Math.max(afterMs, pauseMs * 2 ** (attempt - 1)), undefined, { signal }).catch(() =>
        throwIfAborted(signal),
      );
    }
  }
  const expected = checksum ?? stated;
  if (expected !== undefined) await expectChecksum(part, file, expected, signal);
  await rm(tagOf(part), { force: true });
  await rename(part, file);
  return true;
}

async function isWhole(file: string, checksum: Checksum | undefined, signal: AbortSignal): Promise<boolean> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) return false;
  return checksum === undefined || (await hexOf(file, checksum.algorithm, signal)) === checksum.hex;
}

async function expectChecksum(part: string, file: string, { algorithm, hex }: Checksum, signal: AbortSignal) {
  const found = await hexOf(part, algorithm, signal);
  if (found === hex) return;
  await removePart(part);
  throw new PipelineError('DOWNLOAD_CORRUPT', `Expected ${algorithm} ${hex} but the download has ${found}`, {
    key: file,
    hint: 'The file was removed. Run the same command again; if it stays so, the server or a proxy gives another file.',
  });
}

function interrupted(error: PipelineError, size: number, afterMs: number): PipelineError {
  if (size === 0 && error.code === 'DOWNLOAD_FAILED') return error;
  const later =
    afterMs > LONGEST_PAUSE_MS ? ` The server asks for a pause of ${Math.ceil(afterMs / 1000)} s.` : '';
  const there = size === 0 ? '.' : `: it goes on after the ${megabytes(size)} MB that are there.`;
  return new PipelineError('DOWNLOAD_FAILED', 'Expected the whole file but the download broke', {
    hint: `Run the same command again${there}${later}`,
    cause: error.code === 'DOWNLOAD_FAILED' ? error : (error.cause ?? error),
  });
}

/** Gets what is not there yet. @returns the checksum that the server states, if it does. */
async function fetchRest(options: DownloadOptions, part: string): Promise<Checksum | undefined> {
  const { url, events, hints, stallMs = 60_000 } = options;
  const stall = new AbortController();
  const clock = setTimeout(() => {
    stall.abort(new Interruption(`Nothing came for ${stallMs / 1000} s`));
  }, stallMs);
  const signal = AbortSignal.any([options.signal, stall.signal]);
  try {
    let done = await sizeOf(part);
    const tag = done > 0 ? await readFile(tagOf(part), 'utf8').catch(() => undefined) : undefined;
    const response = await get(url, {
      signal,
      offline: hints.offline,
      headers: {
        // What is counted and checked are the file's own bytes.
        'accept-encoding': 'identity',
        ...(done > 0 && { range: `bytes=${done}-` }),
        ...(tag !== undefined && { 'if-range': tag }),
      },
    });
    try {
      if (response.status === 416) return await expectEnd(response, part, done);
      expectReady(response);
      expectSuccess(response, url, hints.missing);
      // A server that cannot go on, or has another file by now, sends everything again.
      if (response.status !== 206) done = 0;
      else await expectStart(response, part, done);
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      throw error;
    }
    if (done === 0) await keepTag(response, part);
    const length = response.headers.get('content-length');
    const total = length === null ? undefined : done + Number(length);
    const count = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        clock.refresh();
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
    const flags = response.status === 206 ? 'a' : 'w';
    await pipeline(body, count, createWriteStream(part, { flags }), { signal });
    if (total !== undefined && done !== total)
      throw new Error(`Expected ${total} bytes but received ${done}`);
    return statedBy(response);
  } catch (error) {
    throw stall.signal.aborted && !options.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearTimeout(clock);
  }
}

/** Nothing is left to send: the whole file is there, unless the server's is shorter. */
async function expectEnd(response: Response, part: string, done: number): Promise<Checksum | undefined> {
  const size = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (size === undefined || Number(size) === done) return statedBy(response);
  await removePart(part);
  throw new Interruption(`Expected a file of ${done} bytes or more but the server has one of ${size}`);
}

/** @throws {Interruption} where the server says that it will answer later. */
function expectReady({ status, statusText, headers }: Response): void {
  if (status !== 408 && status !== 429 && status < 500) return;
  const after = headers.get('retry-after') ?? '';
  const afterMs = /^\d+$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now();
  throw new Interruption(`The server answered ${status} ${statusText}`.trimEnd(), afterMs || 0);
}

/** A part that the server goes on with from elsewhere is none. */
async function expectStart(response: Response, part: string, done: number): Promise<void> {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (start === undefined || Number(start) === done) return;
  await removePart(part);
  throw new Interruption(`Expected the bytes from ${done} but received those from ${start}`);
}

/** What names this state of the file to its server: only a strong tag says that its bytes are the same. */
async function keepTag({ headers }: Response, part: string): Promise<void> {
  const tag = headers.get('etag') ?? '';
  if (tag.startsWith('"')) await writeFile(tagOf(part), tag);
  else await rm(tagOf(part), { force: true });
}

function statedBy({ headers }: Response): Checksum | undefined {
  const md5 = /(?:^|,)\s*md5=([A-Za-z0-9+/]{22}==)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  return md5 === undefined
    ? undefined
    : { algorithm: 'md5', hex: Buffer.from(md5, 'base64').toString('hex') };
}

const tagOf = (part: string) => `${part}.tag`;

async function removePart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(tagOf(part), { force: true });
}

const megabytes = (bytes: number) => Math.round(bytes / MEGABYTE);

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;

async function hexOf(path: string, algorithm: Checksum['algorithm'], signal: AbortSignal): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}
