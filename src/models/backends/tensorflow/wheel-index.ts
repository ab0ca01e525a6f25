import { z } from 'zod';
import { PipelineError, throwIfAborted } from '../../../errors.js';
import { expectSuccess, get, shown, webAddress } from '../../../http.js';
import { hints } from './hints.js';
import type { Release } from './release.js';

/** A wheel as an index offers it. */
export interface Wheel {
  readonly filename: string;
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Bytes; not every index says. */
  readonly size?: number;
}

const SHA256 = /^[0-9a-f]{64}$/i;
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const ACCEPT = `${JSON_TYPE}, text/html;q=0.2`;

/**
 * The index that pip would ask: `PIP_INDEX_URL`, else PyPI.
 * @throws {PipelineError} `USAGE`
 */
export function defaultIndex(env: NodeJS.ProcessEnv = process.env): URL {
  return webAddress(env['PIP_INDEX_URL'] || 'https://pypi.org/simple', 'PIP_INDEX_URL', hints.example);
}

/**
 * Finds a release's wheel in a Python package index by the simple API, which mirrors have too: as JSON (PEP 691) or as
 * HTML (PEP 503). The library is the same in the wheels for each Python; the first by name is taken.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the index has no such wheel, does not say its sha256, or is no
 * such index.
 */
export async function findWheel(release: Release, index: URL, signal: AbortSignal): Promise<Wheel> {
  const page = new URL(`${index.href.replace(/\/*$/, '')}/${release.project}/`);
  const response = await get(page, { signal, headers: { accept: ACCEPT }, offline: hints.offline });
  expectSuccess(response, page, hints.missing);
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const text = await response.text().catch((cause: unknown) => {
    throwIfAborted(signal);
    throw noIndex(page, cause);
  });
  const files = isJson ? filesOfJson(text, page) : filesOfHtml(text);
  const prefix = `${release.project.replaceAll('-', '_')}-${release.version}-`;
  const found = files
    .filter(
      ({ filename }) =>
        filename.startsWith(prefix) && !filename.includes('/') && release.wheelSuffix.test(filename),
    )
    .sort((a, b) => (a.filename < b.filename ? -1 : 1))[0];
  if (found === undefined) {
    throw new PipelineError(
      'DOWNLOAD_FAILED',
      `Expected a wheel of ${release.project} ${release.version} for ${release.platform} in ${shown(page)} but there is none`,
      { hint: 'Name an index that has it (--index URL), or bring the wheel: --from WHEEL.' },
    );
  }
  if (found.sha256 === undefined) {
    throw new PipelineError(
      'DOWNLOAD_FAILED',
      `Expected the sha256 of ${found.filename} but ${shown(page)} does not say it`,
      { hint: 'Name another index: --index https://pypi.org/simple' },
    );
  }
  if (!URL.canParse(found.url, shown(page))) throw noIndex(page, new Error(`${found.url} is no URL`));
  const url = new URL(found.url, shown(page));
  if (!/^https?:$/.test(url.protocol)) throw noIndex(page, new Error(`${found.url} is not on the web`));
  // A private index keeps its files behind the same name and password.
  if (url.origin === page.origin) Object.assign(url, { username: page.username, password: page.password });
  return { ...found, url: url.href, sha256: found.sha256.toLowerCase() };
}

interface Listed {
  filename: string;
  url: string;
  sha256: string | undefined;
  size?: number;
}

/** What is needed of a page of PEP 691. */
const SIMPLE_PAGE = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.object({ sha256: z.string().optional() }),
      size: z.number().nullish(),
    }),
  ),
});

function filesOfJson(text: string, page: URL): Listed[] {
  try {
    return SIMPLE_PAGE.parse(JSON.parse(text)).files.map(({ filename, url, hashes, size }) => ({
      filename,
      url,
      sha256: SHA256.test(hashes.sha256 ?? '') ? hashes.sha256 : undefined,
      ...(typeof size === 'number' && { size }),
    }));
  } catch (error) {
    throw noIndex(page, error instanceof z.ZodError ? new Error(z.prettifyError(error)) : error);
  }
}

const noIndex = (page: URL, cause: unknown) =>
  new PipelineError(
    'DOWNLOAD_FAILED',
    `Expected a page of a Python package index (its simple API) at ${shown(page)} but received something else`,
    { hint: 'Check the index: --index URL or PIP_INDEX_URL, as pip takes it.', cause },
  );

/** Links of a PEP 503 page: the file's name as text, its hash as the URL's fragment. */
function filesOfHtml(html: string): Listed[] {
  return [...html.matchAll(/<a\b[^>]*\bhref\s*=\s*["']([^"']+)["'][^>]*>([^<]+)<\/a>/gi)].map(
    ([, href, text]) => {
      const [url, fragment = ''] = href!.replaceAll('&amp;', '&').split('#');
      return { filename: text!.trim(), url: url!, sha256: /^sha256=([0-9a-f]{64})$/i.exec(fragment)?.[1] };
    },
  );
}
