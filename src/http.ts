import { Readable } from 'node:stream';
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
  /** The bytes as they are sent, default false: some servers call a `.gz` file encoded, and `fetch` would then unpack it. */
  raw?: boolean;
}

/**
 * Gets a URL; a name and password in it become a header, as `fetch` wants it.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the server cannot be reached; any status is the caller's business.
 */
export async function get(
  url: string | URL,
  { signal, headers = {}, offline, raw = false }: GetOptions,
): Promise<Response> {
  const { username, password } = new URL(url);
  const authorization =
    username === ''
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
        };
  try {
    const asked = { signal, headers: { ...headers, ...authorization } };
    const response = await fetch(shown(url), asked);
    if (!raw || !response.headers.has('content-encoding')) return response;
    await response.body?.cancel().catch(() => {});
    // A password is for the server that it was given for, not for one that this server names.
    const elsewhere = new URL(response.url).origin !== new URL(url).origin;
    return await getRaw(response.url, elsewhere ? { signal, headers } : asked);
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

/** Gets a URL without following it elsewhere, and without unpacking what comes. */
async function getRaw(
  url: string,
  { signal, headers }: { signal: AbortSignal; headers: Record<string, string> },
): Promise<Response> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request(url, { signal, headers }, (message) => {
      const { statusCode: status = 0, statusMessage: statusText = '' } = message;
      const given = Object.entries(message.headersDistinct).map(([name, values]): [string, string] => [
        name,
        (values ?? []).join(', '),
      ]);
      try {
        const body = Readable.toWeb(message) as ReadableStream<Uint8Array>;
        resolve(new Response(body, { status, statusText, headers: given }));
      } catch (error) {
        // Of a status that has no body.
        message.destroy();
        reject(error);
      }
    });
    asked.on('error', reject).end();
  });
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
