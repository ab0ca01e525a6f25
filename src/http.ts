import { PipelineError, throwIfAborted } from './errors.js';

/**
 * Reads an address that a user gave.
 * @param what where it was given: `--index`.
 * @param example one that would do, as a sentence.
 * @throws {PipelineError} `USAGE` where it is no address of a web server.
 */
export function webAddress(text: string, what: string, example: string): URL {
  try {
    const url = new URL(text);
    // Both have to be whole percent-encodings.
    decodeURIComponent(`${url.username}${url.password}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {
    // Said below.
  }
  // Whatever it is, it may hold a password.
  const received = text.replace(/(\/\/|^).*@/, '$1');
  throw new PipelineError('USAGE', `Expected ${what} to be an http or https URL but received "${received}"`, {
    hint: example,
  });
}

/** A URL for people: without the name and password that an index's URL may hold. */
export function shown(url: string | URL): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

export interface GetOptions {
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** What a user can do where the server cannot be reached: one sentence or two. */
  offline: string;
}

/**
 * Gets a URL; a name and password in it become a header, as `fetch` wants it.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the server cannot be reached; any status is the caller's business.
 */
export async function get(
  url: string | URL,
  { signal, headers = {}, offline }: GetOptions,
): Promise<Response> {
  const { username, password } = new URL(url);
  const authorization =
    username === ''
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
        };
  try {
    return await fetch(shown(url), { signal, headers: { ...headers, ...authorization } });
  } catch (error) {
    throwIfAborted(signal);
    // fetch says "fetch failed", its cause says why.
    const cause = (error as Error).cause ?? error;
    throw new PipelineError('DOWNLOAD_FAILED', `Expected an answer from ${new URL(url).host} but none came`, {
      hint: `${offline}${proxyHint()}`,
      cause,
    });
  }
}

/** Node passes by the proxies of the environment unless it is told. */
export function proxyHint(env: NodeJS.ProcessEnv = process.env): string {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].filter((name) => env[name]);
  if (names.length === 0 || env['NODE_USE_ENV_PROXY'] === '1') return '';
  return ` ${names[0]} is only used with NODE_USE_ENV_PROXY=1, by Node 24 and newer.`;
}

/** A server's answer that asking again does not change. */
export class Refusal extends PipelineError {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    message: string,
    hint: string,
  ) {
    super('DOWNLOAD_FAILED', message, { hint });
  }
}

/**
 * @param hint what to do where the address is wrong.
 * @throws {Refusal} `DOWNLOAD_FAILED` unless the answer is a success.
 */
export function expectSuccess(response: Response, url: string | URL, hint: string): void {
  if (response.ok) return;
  const { status, statusText } = response;
  const message = `Expected ${shown(url)} to be there but the server answered ${status} ${statusText}`;
  throw new Refusal(status, message.trimEnd(), hint);
}
