import { join } from 'node:path';
import { type DownloadOptions, download } from '../../download.js';
import type { EventBus } from '../../events.js';
import { ABO_PUBLISHER } from '../../sources/abo-published.js';

/** What all downloads of one call have in common. */
export interface Fetching {
  /** The dump's root. */
  folder: string;
  /** A mirror with the publisher's paths. */
  from?: URL | undefined;
  /** Downloads at once. */
  parallel: number;
  events: EventBus;
  signal: AbortSignal;
  /** How patient downloads are; see `DownloadOptions`. */
  patience?: Pick<DownloadOptions, 'attempts' | 'pauseMs' | 'stallMs'> | undefined;
}

/** Pauses of a minute in all: a server that is restarted is back by then. */
const ATTEMPTS = 8;

const hints = {
  offline:
    "Without a network, bring ABO's archives over (abo-listings.tar, abo-images-small.tar) and pass their folder: --source DIR. For a mirror: --from URL.",
  missing: 'Check --from: a mirror has the files under the same paths as the publisher.',
};

/** A file of the publisher, and where in the dump it goes. */
export interface PublishedFile extends Pick<DownloadOptions, 'check' | 'onBytes' | 'known'> {
  /** Below the publisher's address. */
  path: string;
  /** Below the dump's root. */
  to: string;
}

/** What all paths of the publisher follow; without a slash at its end. */
export const addressOf = ({ from }: Pick<Fetching, 'from'>): string =>
  (from?.href ?? ABO_PUBLISHER).replace(/\/*$/, '');

/** @returns whether it was downloaded. @throws {PipelineError} as `download`. */
export function fetchPublished({ path, to, ...more }: PublishedFile, fetching: Fetching): Promise<boolean> {
  const { folder, patience, signal } = fetching;
  const url = `${addressOf(fetching)}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return download({ attempts: ATTEMPTS, ...patience, ...more, url, file: join(folder, to), hints, signal });
}
