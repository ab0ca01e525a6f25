import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { asPipelineError, type ErrorCode, type PipelineError } from '../errors.js';

/** What the server says of an error: the pipeline's own code, what happened, and what to do. */
export interface Failure {
  code: ErrorCode;
  message: string;
  hint?: string;
}

const STATUSES: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  REQUEST_INVALID: 400,
  TOKEN_MISSING: 401,
  REQUEST_REFUSED: 403,
  NOT_FOUND: 404,
  REQUEST_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  IMAGE_EMPTY: 422,
  IMAGE_NOT_AN_IMAGE: 422,
  IMAGE_DAMAGED: 422,
  IMAGE_TOO_LARGE: 422,
  DOWNLOAD_FAILED: 502,
  ABORTED: 503,
  OVERLOADED: 503,
  TIMED_OUT: 503,
};

/** The HTTP status of an error; 500 for what is the server's own fault. */
export function statusOf({ code }: Pick<PipelineError, 'code'>): ContentfulStatusCode {
  return STATUSES[code] ?? 500;
}

/** An error as a client may see it: of what is the server's own fault only that it happened, its log has the rest. */
export function failureOf(error: unknown): Failure {
  const failure = asPipelineError(error);
  const { code, message, hint } = failure;
  if (statusOf(failure) === 500) {
    return { code, message: 'Expected to answer but failed', hint: 'The server’s log says why.' };
  }
  return { code, message, ...(hint !== undefined && { hint }) };
}
