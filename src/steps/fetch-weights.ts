import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadMeter } from '../download/meter.js';
import { download } from '../download.js';
import { PipelineError, throwIfAborted } from '../errors.js';
import type { EventBus } from '../events.js';
import { acquireLock } from '../lock.js';
import { networks } from '../models/networks/index.js';
import { readPretrained } from '../models/weights/pretrained.js';
import { PUBLISHER, type PublishedChoice, publishedFile } from '../models/weights/published.js';

export interface FetchWeightsOptions {
  choices: readonly PublishedChoice[];
  /** Where the files go; made where absent. */
  folder: string;
  /** An address that has the files under the publisher's paths: `URL/vgg16/…`. */
  mirror?: URL;
  events: EventBus;
  signal: AbortSignal;
}

export interface FetchedWeights extends PublishedChoice {
  path: string;
  bytes: number;
  /** False where it was there. */
  downloaded: boolean;
}

/**
 * Fetches published weights, one file a choice. Files that are there are checked, not fetched again: by the MD5 that
 * Keras publishes, else by reading their weights.
 * @throws {PipelineError} as `download`; `RUN_LOCKED` where another process fetches into the folder.
 */
export async function fetchWeights(options: FetchWeightsOptions): Promise<FetchedWeights[]> {
  const { choices, folder } = options;
  const lock = acquireLock(join(folder, 'fetch.lock'), `the folder of weights (${folder})`);
  try {
    const fetched: FetchedWeights[] = [];
    for (const choice of choices) fetched.push(await fetchOne(choice, options));
    return fetched;
  } finally {
    lock.release();
  }
}

async function fetchOne(
  choice: PublishedChoice,
  { folder, mirror, events, signal }: FetchWeightsOptions,
): Promise<FetchedWeights> {
  throwIfAborted(signal);
  const { name, path, md5 } = publishedFile(choice);
  const url = `${(mirror?.href ?? PUBLISHER).replace(/\/*$/, '')}/${path}`;
  const file = join(folder, name);
  const there = await stat(file).catch(() => undefined);
  if (there && md5 === undefined && (await unlike(choice, file))) await rm(file);
  events.emit({ type: 'message', level: 'info', text: `${name} …` });
  const downloaded = await download({
    url,
    file,
    onBytes: downloadMeter(events)(name),
    signal,
    ...(md5 !== undefined && { checksum: { algorithm: 'md5', hex: md5 } }),
    hints: {
      offline: `Without a network, bring ${name} over and pass it: --weights ${choice.network}=FILE. For a mirror: --mirror URL.`,
      missing: 'Check the mirror: it has the files under the same paths as the publisher.',
    },
  });
  const reason = downloaded && md5 === undefined ? await unlike(choice, file) : undefined;
  if (reason !== undefined) {
    await rm(file);
    throw new PipelineError('DOWNLOAD_CORRUPT', `Expected weights of ${choice.network} but received others`, {
      key: file,
      hint: 'The file was removed. Run the same command again; if it stays so, the server or a proxy gives another file.',
      cause: reason,
    });
  }
  return { ...choice, path: file, bytes: (await stat(file)).size, downloaded };
}

/** Why a file does not hold the weights that were chosen; undefined where it does. */
async function unlike({ network, alpha = 1 }: PublishedChoice, file: string): Promise<Error | undefined> {
  try {
    const found = await readPretrained(file, networks[network]);
    return found.alpha === alpha ? undefined : new Error(`They are of alpha ${found.alpha}`);
  } catch (error) {
    return error as Error;
  }
}
