import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Checksum, hexOf } from './download/checksum.js';
import { finishPart, partOf, removePart, sizeOf } from './download/part.js';
import { fetchRest, Interruption, type RequestOptions } from './download/request.js';
import { asPipelineError, PipelineError, throwIfAborted } from './errors.js';
import { Refusal, shown } from './http.js';

export type { Checksum } from './download/checksum.js';

/** A server that asks for a longer pause is asked again by the user. */
const LONGEST_PAUSE_MS = 120_000;
/** Pauses are doubled up to this. */
const LONGEST_BACK_OFF_MS = 30_000;

export interface DownloadOptions extends RequestOptions {
  /** What is published of the file; where it is absent, an MD5 that the server states is checked. */
  checksum?: Checksum | undefined;
  /**
   * Looks into a file that came (`fresh`), or that was there, and says what is wrong with it: the end of a sentence that begins
   * with "Expected the whole file but"; undefined where nothing is.
   */
  check?: ((path: string, fresh: boolean) => Promise<string | undefined>) | undefined;
  /** The file to make; until it is whole it is called `FILE.part`. */
  file: string;
  /** Attempts that get no byte further, one after the other, until the download has failed; default 3. */
  attempts?: number | undefined;
  /** The first pause before another attempt, doubled each time; default half a second. */
  pauseMs?: number | undefined;
  /** Whether the server has answered before: it may come back then, where it cannot be reached. */
  known?: boolean | undefined;
}

/**
 * Downloads a file and checks it; a file that is there is only checked. What an interrupted download left is gone on
 * from, in this call (in more attempts while each of them gets further) and in the next one, as long as the server
 * says that it is the same file.
 * @returns whether anything was downloaded.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the connection breaks for good or the server refuses (a `Refusal` then),
 * `DOWNLOAD_CORRUPT` where the file is another than the published one (nothing is kept then), `DISK_FULL`, `ABORTED`.
 */
export async function download(options: DownloadOptions): Promise<boolean> {
  const { file } = options;
  if (await isWhole(options)) return false;
  const part = partOf(file);
  await mkdir(dirname(file), { recursive: true });
  const stated = await persist(options, part);
  await expectWhole(part, options, stated);
  await finishPart(part, file);
  return true;
}

async function isWhole({ file, checksum, check, signal }: DownloadOptions): Promise<boolean> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) return false;
  if (checksum !== undefined && (await hexOf(file, checksum.algorithm, signal)) !== checksum.hex)
    return false;
  return (await check?.(file, false)) === undefined;
}

/** Asks until all is there. @returns the checksum that the server states, if it does. */
async function persist(options: DownloadOptions, part: string): Promise<Checksum | undefined> {
  const { url, signal, attempts = 3, pauseMs = 500, known = false } = options;
  let reached = await sizeOf(part);
  let answered = known;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchRest(options, part);
    } catch (error) {
      throwIfAborted(signal);
      const failure = asPipelineError(error);
      if (failure.code === 'DISK_FULL' || failure instanceof Refusal) throw failure;
      const size = await sizeOf(part);
      const further = size > reached;
      reached = size;
      if (further) attempt = 1;
      // A server that never answered is not there; one that did may come back.
      answered ||= further || error instanceof Interruption || hungUp(failure.cause);
      const away = failure.code === 'DOWNLOAD_FAILED' && !answered;
      const afterMs = error instanceof Interruption ? error.afterMs : 0;
      if (away || attempt >= attempts || afterMs > LONGEST_PAUSE_MS) {
        throw interrupted(failure, { url, size, afterMs });
      }
      const backOffMs = Math.min(pauseMs * 2 ** (attempt - 1), LONGEST_BACK_OFF_MS);
      await pause(Math.max(afterMs, backOffMs), undefined, { signal }).catch(() => throwIfAborted(signal));
    }
  }
}

/** Whether a server was there, and went away without an answer. */
function hungUp(cause: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(
    (cause as NodeJS.ErrnoException | undefined)?.code ?? '',
  );
}

async function expectWhole(
  part: string,
  { url, file, checksum, check, signal }: DownloadOptions,
  stated: Checksum | undefined,
): Promise<void> {
  const wrong =
    (await unlike(part, checksum ?? stated, signal)) ??
    (await check?.(part, true).then((reason) => reason && `Expected the whole file but ${reason}`));
  if (!wrong) return;
  await removePart(part);
  throw new PipelineError('DOWNLOAD_CORRUPT', wrong, {
    key: file,
    hint: `The file was removed. Run the same command again; if it stays so, ${new URL(url).host} or a proxy gives another file.`,
  });
}

async function unlike(
  part: string,
  expected: Checksum | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (expected === undefined) return undefined;
  const { algorithm, hex } = expected;
  const found = await hexOf(part, algorithm, signal);
  return found === hex ? undefined : `Expected ${algorithm} ${hex} but the download has ${found}`;
}

function interrupted(
  error: PipelineError,
  { url, size, afterMs }: { url: string; size: number; afterMs: number },
): PipelineError {
  if (size === 0 && error.code === 'DOWNLOAD_FAILED') return error;
  const later =
    afterMs > LONGEST_PAUSE_MS ? ` The server asks for a pause of ${Math.ceil(afterMs / 1000)} s.` : '';
  const there = size === 0 ? '.' : `: it goes on after the ${Math.round(size / 1e6)} MB that are there.`;
  return new PipelineError('DOWNLOAD_FAILED', 'Expected the whole file but the download broke', {
    key: shown(url),
    hint: `Run the same command again${there}${later}`,
    cause: error.code === 'DOWNLOAD_FAILED' ? error : (error.cause ?? error),
  });
}
