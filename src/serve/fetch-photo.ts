import { lookup as lookupName } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { PipelineError, throwIfAborted } from '../errors.js';
import { isPublicAddress } from './public-address.js';

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PHOTO_TYPES = /^(image\/|application\/octet-stream$|binary\/octet-stream$)/;

export interface FetchPhotoOptions {
  signal: AbortSignal;
  /** The most bytes that a photo may have. */
  maxBytes: number;
  /** Told of bytes as they come; what it throws ends the download. */
  onBytes?: (more: number) => void;
  /** Which IP addresses may be asked; default: those of the public internet. */
  allowed?: (address: string) => boolean;
}

/**
 * Downloads a photo from an address that a stranger gave. Every address that a name stands for is judged as it is
 * connected to, of every redirect too, so that no name can lead into the server's own network; nothing of the server's
 * own (cookies, passwords, proxies) goes along.
 * @throws {PipelineError} `REQUEST_INVALID` for what is no http or https URL, `REQUEST_REFUSED` where it leads to a private
 * address, `DOWNLOAD_FAILED`, `IMAGE_TOO_LARGE`, `IMAGE_NOT_AN_IMAGE`, `ABORTED`.
 */
export async function fetchPhoto(text: string, options: FetchPhotoOptions): Promise<Buffer> {
  let url = photoAddress(text);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await ask(url, options);
    try {
      const { statusCode = 0, headers } = answer;
      if (!REDIRECTS.has(statusCode) || headers.location === undefined) return await photoOf(answer, options);
      url = redirected(headers.location, url);
    } finally {
      answer.destroy();
    }
  }
  throw failed(`Expected at most ${MOST_REDIRECTS} redirects but there were more`);
}

/** What a server's answer leads to is no fault of the request. */
function redirected(location: string, from: URL): URL {
  try {
    return photoAddress(new URL(location, from).href);
  } catch (error) {
    throw failed('Expected that URL to lead to another http or https URL but it leads elsewhere', error);
  }
}

function photoAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && ['http:', 'https:'].includes(url.protocol);
  if (plain && url.username === '' && url.password === '') return url;
  throw new PipelineError('REQUEST_INVALID', 'Expected an http or https URL without a name and password');
}

async function ask(
  url: URL,
  { signal, allowed = isPublicAddress }: FetchPhotoOptions,
): Promise<IncomingMessage> {
  throwIfAborted(signal);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  // A name is judged when it is looked up; an address never is.
  if (isIP(literal) !== 0 && !allowed(literal)) throw refused();
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const headers = { accept: 'image/*', 'user-agent': 'abo-pipeline' };
    const asked = request(url, { signal, headers, agent: false, lookup: guarded(allowed) }, resolve);
    asked.on('error', (error) => reject(errorOf(error, signal))).end();
  });
}

/** Looks names up as Node does, and gives only addresses that may be asked: what was judged is what is connected to. */
function guarded(allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookupName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => allowed(address))) {
        return callback(refused() as NodeJS.ErrnoException & PipelineError, '');
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

async function photoOf(answer: IncomingMessage, options: FetchPhotoOptions): Promise<Buffer> {
  const { signal, maxBytes, onBytes } = options;
  const { statusCode, headers } = answer;
  if (statusCode !== 200) throw failed(`Expected the photo to be there but the answer was ${statusCode}`);
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!PHOTO_TYPES.test(type) || headers['content-encoding'] !== undefined) {
    throw new PipelineError('IMAGE_NOT_AN_IMAGE', 'Expected an image at that URL but it is something else');
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      onBytes?.(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    throw errorOf(error, signal);
  }
  return Buffer.concat(chunks);
}

function errorOf(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof PipelineError) return error;
  if (signal.aborted) return signal.reason;
  return failed('Expected an answer from the server of that URL but none came', error);
}

function failed(message: string, cause?: unknown): PipelineError {
  return new PipelineError('DOWNLOAD_FAILED', message, {
    hint: 'Upload the photo instead.',
    ...(cause !== undefined && { cause }),
  });
}

function refused(): PipelineError {
  return new PipelineError(
    'REQUEST_REFUSED',
    'Expected a public address but that URL leads to a private one',
    {
      hint: 'Upload the photo instead.',
    },
  );
}

function tooLarge(maxBytes: number): PipelineError {
  return new PipelineError('IMAGE_TOO_LARGE', `Expected at most ${maxBytes} bytes but there are more`);
}
