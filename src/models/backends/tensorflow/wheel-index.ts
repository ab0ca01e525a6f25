import { PipelineError } from '../../../errors.js';
import { expectSuccess, get, shown } from './http.js';
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

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const ACCEPT = `${JSON_TYPE}, text/html;q=0.2`;

/** The index that pip would ask: `PIP_INDEX_URL`, else PyPI. */
export function defaultIndex(env: NodeJS.ProcessEnv = process.env): string {
  return env['PIP_INDEX_URL'] || 'https://pypi.org/simple';
}

/**
 * Finds a release's wheel in a Python package index by the simple API, which mirrors have too: as JSON (PEP 691) or as
 * HTML (PEP 503). The library is the same in the wheels for each Python; the first by name is taken.
 * @throws {PipelineError} `DOWNLOAD_FAILED` where the index has no such wheel, or does not say its sha256.
 */
export async function findWheel(release: Release, index: string, signal: AbortSignal): Promise<Wheel> {
  const page = new URL(`${index.replace(/\/*$/, '')}/${release.project}/`);
  const response = await get(page, { signal, headers: { accept: ACCEPT } });
  expectSuccess(response, page);
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const files = isJson
    ? filesOfJson((await response.json()) as SimplePage)
    : filesOfHtml(await response.text());
  const prefix = `${release.project.replaceAll('-', '_')}-${release.version}-`;
  const found = files
    .filter(({ filename }) => filename.startsWith(prefix) && release.wheelSuffix.test(filename))
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
  const url = new URL(found.url, shown(page));
  // A private index keeps its files behind the same name and password.
  if (url.origin === page.origin) Object.assign(url, { username: page.username, password: page.password });
  return { ...found, url: url.href, sha256: found.sha256 };
}

interface Listed {
  filename: string;
  url: string;
  sha256: string | undefined;
  size?: number;
}

interface SimplePage {
  files: { filename: string; url: string; hashes: { sha256?: string }; size?: number }[];
}

const filesOfJson = ({ files }: SimplePage): Listed[] =>
  files.map(({ filename, url, hashes, size }) => ({
    filename,
    url,
    sha256: hashes.sha256,
    ...(size !== undefined && { size }),
  }));

/** Links of a PEP 503 page: the file's name as text, its hash as the URL's fragment. */
function filesOfHtml(html: string): Listed[] {
  return [...html.matchAll(/<a\b[^>]*\bhref\s*=\s*["']([^"']+)["'][^>]*>([^<]+)<\/a>/gi)].map(
    ([, href, text]) => {
      const [url, fragment = ''] = href!.replaceAll('&amp;', '&').split('#');
      return { filename: text!.trim(), url: url!, sha256: /^sha256=([0-9a-f]{64})$/i.exec(fragment)?.[1] };
    },
  );
}
