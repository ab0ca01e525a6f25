import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expectSuccess, get } from '../http.js';
import { expectRoom, type FreeBytes } from '../room.js';
import { type Checksum, statedChecksum } from './checksum.js';
import type { OnBytes } from './meter.js';
import { keepTag, removePart, sizeOf, tagIn } from './part.js';

/** What is less has room, or soon tells that it has none. */
const WORTH_A_LOOK_BYTES = 1e6;

export interface RequestOptions {
  url: string;
  signal: AbortSignal;
  /** What a user can do where the server cannot be reached, and where it has no such file. */
  hints: { offline: string; missing: string };
  onBytes?: OnBytes | undefined;
  /** The connection is given up after so long without a byte; default a minute. */
  stallMs?: number | undefined;
  freeBytes?: FreeBytes | undefined;
}

/** What another attempt may mend. */
export class Interruption extends Error {
  constructor(
    message: string,
    /** The pause that the server asks for. */
    readonly afterMs = 0,
  ) {
    super(message);
  }
}

/**
 * Asks once for what is not there yet of a file, and adds what comes.
 * @returns the checksum that the server states, if it does.
 * @throws {Interruption} and any error of the connection or the disk; {PipelineError} as `get` and `expectSuccess`, and
 * `DISK_FULL` before anything is written where the rest has no room.
 */
export async function fetchRest(options: RequestOptions, part: string): Promise<Checksum | undefined> {
  const { url, onBytes, hints, stallMs = 60_000, freeBytes } = options;
  const stall = new AbortController();
  const clock = setTimeout(() => {
    stall.abort(new Interruption(`Nothing came for ${stallMs / 1000} s`));
  }, stallMs);
  const signal = AbortSignal.any([options.signal, stall.signal]);
  try {
    let done = await sizeOf(part);
    const tag = done > 0 ? await tagIn(part) : undefined;
    const response = await get(url, {
      signal,
      offline: hints.offline,
      raw: true,
      headers: {
        // What is counted and checked are the file's own bytes.
        'accept-encoding': 'identity',
        ...(done > 0 && { range: `bytes=${done}-` }),
        ...(tag !== undefined && { 'if-range': tag }),
      },
    });
    try {
      if (response.status === 416 && done > 0) return await expectEnd(response, part, done);
      expectReady(response);
      expectSuccess(response, url, hints.missing);
      // A server that cannot go on, or has another file by now, sends everything again.
      if (response.status !== 206) done = 0;
      else await expectStart(response, part, done);
      const left = (totalOf(response, done) ?? 0) - done;
      if (left > WORTH_A_LOOK_BYTES) {
        const hint = 'Free some space and run the same command again: it goes on where it was.';
        await expectRoom(dirname(part), left, { hint, freeBytes });
      }
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      throw error;
    }
    if (done === 0) await keepTag(response.headers, part);
    const total = totalOf(response, done);
    const count = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        clock.refresh();
        done += chunk.length;
        onBytes?.(done, total);
        next(null, chunk);
      },
    });
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    const flags = response.status === 206 ? 'a' : 'w';
    await pipeline(body, count, createWriteStream(part, { flags }), { signal });
    if (total !== undefined && done !== total)
      throw new Error(`Expected ${total} bytes but received ${done}`);
    return statedChecksum(response.headers);
  } catch (error) {
    throw stall.signal.aborted && !options.signal.aborted ? stall.signal.reason : error;
  } finally {
    clearTimeout(clock);
  }
}

/** The whole file's bytes: a server may send less of it than it was asked for, and says so. */
function totalOf({ status, headers }: Response, done: number): number | undefined {
  const whole = status === 206 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : undefined;
  if (whole !== undefined) return Number(whole);
  const length = headers.get('content-length');
  return length === null ? undefined : done + Number(length);
}

/** Nothing is left to send: the whole file is there, unless the server's is shorter. */
async function expectEnd(response: Response, part: string, done: number): Promise<Checksum | undefined> {
  const size = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (size === undefined || Number(size) === done) return statedChecksum(response.headers);
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
