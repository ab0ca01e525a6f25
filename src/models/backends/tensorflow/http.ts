import { PipelineError, throwIfAborted } from '../../../errors.js';

/** A URL for people: without the name and password that an index's URL may hold. */
export function shown(url: string | URL): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

/**
 * Gets a URL; a name and password in it become a header, as `fetch` wants it.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the server cannot be reached; any status is the caller's business.
 */
export async function get(
  url: string | URL,
  { signal, headers = {} }: { signal: AbortSignal; headers?: Record<string, string> },
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
      hint: 'Without a network, bring the wheel over and pass it: --from WHEEL. For a mirror: --index URL.',
      cause,
    });
  }
}

/** @throws {PipelineError} `DOWNLOAD_FAILED` unless the answer is a success. */
export function expectSuccess(response: Response, url: string | URL): void {
  if (response.ok) return;
  throw new PipelineError(
    'DOWNLOAD_FAILED',
    `Expected ${shown(url)} to be there but the server answered ${response.status} ${response.statusText}`.trimEnd(),
    { hint: 'Check the index: --index URL or PIP_INDEX_URL for Python, npm_config_registry for npm.' },
  );
}
