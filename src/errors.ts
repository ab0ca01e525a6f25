/** Every way in which the product fails, as a stable code that scripts can match on. */
export type ErrorCode =
  | 'ABORTED'
  | 'ADDRESS_UNAVAILABLE'
  | 'BACKEND_UNAVAILABLE'
  | 'CACHE_CORRUPT'
  | 'CACHE_MISMATCH'
  | 'CHECK_FAILED'
  | 'COMPILER_MISSING'
  | 'COMPILE_FAILED'
  | 'DEVICE_FAILED'
  | 'DEVICE_LIMIT'
  | 'DEVICE_LOST'
  | 'DISK_FULL'
  | 'DOWNLOAD_CORRUPT'
  | 'DOWNLOAD_FAILED'
  | 'DUMP_EMPTY'
  | 'DUMP_MISSING'
  | 'IMAGE_DAMAGED'
  | 'IMAGE_EMPTY'
  | 'IMAGE_NOT_AN_IMAGE'
  | 'IMAGE_TOO_LARGE'
  | 'INPUT_INVALID'
  | 'INTERNAL'
  | 'LAYER_UNSUPPORTED'
  | 'LEDGER_UNBALANCED'
  | 'MEDIA_TYPE_UNSUPPORTED'
  | 'MODEL_INVALID'
  | 'NOT_FOUND'
  | 'OVERLOADED'
  | 'RECIPE_INVALID'
  | 'REQUEST_INVALID'
  | 'REQUEST_REFUSED'
  | 'REQUEST_TOO_LARGE'
  | 'RUN_LOCKED'
  | 'SAMPLES_INVALID'
  | 'TIMED_OUT'
  | 'TOKEN_MISSING'
  | 'TOO_FEW_SAMPLES'
  | 'TOO_MANY_BAD'
  | 'TRAINING_DIVERGED'
  | 'TRAINING_STAGNATED'
  | 'USAGE'
  | 'VERIFICATION_FAILED'
  | 'WEIGHTS_MISMATCH'
  | 'WORKER_CRASHED';

/** Codes that mean "you asked wrongly": exit status 2, before any work is done. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set(['RECIPE_INVALID', 'USAGE']);

export interface ErrorDetails {
  /** The stage or step in which it happened. */
  stage?: string;
  /** The record's key: an image id, a path, `shard:line`. */
  key?: string;
  /** What the user can do about it, as one sentence. */
  hint?: string;
  /** The original error. */
  cause?: unknown;
}

/**
 * The one error type of the product: what happened (`message`), where (`stage`, `key`), what to do (`hint`),
 * and the original error as `cause`.
 */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly stage: string | undefined;
  readonly key: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.stage = details.stage;
    this.key = details.key;
    this.hint = details.hint;
  }

  /** The process's exit status: 2 wrong usage or recipe, 130 cancelled, 1 anything else. */
  get exitCode(): number {
    if (USAGE_CODES.has(this.code)) return 2;
    return this.code === 'ABORTED' ? 130 : 1;
  }
}

/** Whether an error only says that the work was cancelled (ours, or the platform's `AbortError`). */
export function isAbort(error: unknown): boolean {
  return (
    (error instanceof PipelineError && error.code === 'ABORTED') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}

/** Throws `ABORTED` when the signal has fired: called between records by everything that loops. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new PipelineError('ABORTED', 'Cancelled', { cause: signal.reason });
}

const REPORT =
  'Nobody foresaw this: the same command with ABO_DEBUG=1 shows where it happened, which helps to report it.';
/** What can be done about what the system refuses; its message names the file. */
const TODO: Partial<Record<string, string>> = {
  EACCES: 'Change the permissions of that file or folder, or name another one.',
  EPERM: 'Change the permissions of that file or folder, or name another one.',
  EROFS: 'That disk can only be read: name a folder on another one.',
  EEXIST: 'Something of that name is in the way: remove it, or name another file or folder.',
  ENOENT: 'Is that path right? It was there, or was expected to be.',
  ENOTDIR: 'A part of that path is a file: name another folder.',
  EISDIR: 'That is a folder: name a file.',
  EMFILE: 'Allow more open files (`ulimit -n 4096`) and run the same command again.',
  ENFILE: 'Allow more open files (`ulimit -n 4096`) and run the same command again.',
  ENOMEM: 'Free some memory, or pass a smaller --memory and fewer --workers.',
  EDQUOT: 'Your share of the disk is full: free some of it and run the same command again.',
};

/** Turns whatever was thrown into a `PipelineError`, keeping the original as its cause. */
export function asPipelineError(error: unknown, details: ErrorDetails = {}): PipelineError {
  if (error instanceof PipelineError) return error;
  if (isAbort(error)) return new PipelineError('ABORTED', 'Cancelled', { cause: error });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC') {
    return new PipelineError('DISK_FULL', 'Expected room on the disk for the next write but it is full', {
      hint: 'Free some space and run the same command again: finished work is kept.',
      ...details,
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = (code !== undefined && TODO[code]) || REPORT;
  return new PipelineError('INTERNAL', message, { hint, ...details, cause: error });
}

/** An error as data: a class does not survive the way between threads. */
export interface PlainError {
  code: ErrorCode;
  message: string;
  stage?: string;
  key?: string;
  hint?: string;
  cause?: { message: string; stack?: string };
}

export function plainError(error: unknown): PlainError {
  const { code, message, stage, key, hint, cause } = asPipelineError(error);
  return {
    code,
    message,
    ...(stage !== undefined && { stage }),
    ...(key !== undefined && { key }),
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause: plainCause(cause) }),
  };
}

function plainCause(cause: unknown): NonNullable<PlainError['cause']> {
  if (!(cause instanceof Error)) return { message: String(cause) };
  const { message, stack } = cause;
  return { message, ...(stack !== undefined && { stack }) };
}

/** The error that `plainError` described. */
export function revivedError({ code, message, cause, ...where }: PlainError): PipelineError {
  return new PipelineError(code, message, {
    ...where,
    ...(cause !== undefined && { cause: Object.assign(new Error(cause.message), cause) }),
  });
}

/** What others' messages have of lists and lines, in one line of a length that can be read. */
function short(message: string): string {
  const line = message.trim().replace(/\s+/g, ' ');
  return line.length > MOST_OF_CAUSE ? `${line.slice(0, MOST_OF_CAUSE - 1)}…` : line;
}

const MOST_OF_CAUSE = 500;

/** An error as plain text for people: what, where, what to do; never a stack trace. */
export function explain(error: PipelineError): string {
  const where = [error.stage, error.key].filter((part) => part !== undefined).join(' ');
  const lines = [`${error.code}: ${where === '' ? '' : `[${where}] `}${error.message}`];
  const { cause } = error;
  if (cause instanceof Error && cause.message !== error.message)
    lines.push(`  because: ${short(cause.message)}`);
  if (error.hint !== undefined) lines.push(`  ${error.hint}`);
  return lines.join('\n');
}
