import { join, resolve } from 'node:path';
import { forEachAtOnce } from '../../concurrency.js';
import { PipelineError } from '../../errors.js';
import { Refusal } from '../../http.js';
import { staysInside } from '../../inside.js';
import { type PixelPool, pixelPool } from '../../kernels/pixel-pool.js';
import { telling } from '../../telling.js';
import { wrongPhoto } from './checks.js';
import { keepLeftOut, type Lack, readLeftOut } from './left-out.js';
import { type Fetching, fetchPublished, type PublishedFile } from './published-file.js';
import { tooMany } from './too-many.js';

/** What became of photos; together as many as were wanted. */
export interface FetchedPhotos {
  downloaded: number;
  /** Whole, and there before. */
  there: number;
  /** Paths that the server does not have, or that lead out of the dump. */
  missing: string[];
  /** Paths of which the server twice gave something else than a whole photo; not kept. */
  damaged: string[];
}

/** Answers by which S3 says that there is no such file; 403 where a bucket may not be listed. */
const MISSING = [403, 404, 410];

/** Threads that decode what comes: photos of 256 pixels faster than most networks bring them. */
const DECODING = 2;

/**
 * Fetches photos, each file alone, several at once. What comes is decoded as curation does; what is there has to begin and end
 * as a photo. A few may be missing or damaged: a run says so of each, and they are remembered, so that the next call asks
 * nobody for them.
 * @param paths without repetition, below the photos' folder.
 * @param options.within the photos' folder, below the dump's root.
 * @param options.retry whether to ask again for what an earlier call had to leave out.
 * @throws {PipelineError} as `download`, and `DOWNLOAD_FAILED` where more than a few (1 %, but 10 are allowed) are missing or
 * damaged; nothing is remembered then.
 */
export async function fetchPhotos(
  paths: readonly string[],
  { within, retry, fetching }: { within: string; retry: boolean; fetching: Fetching },
): Promise<FetchedPhotos> {
  const { folder, events, parallel, signal } = fetching;
  const root = resolve(folder, within);
  const leftOut = await readLeftOut(fetching);
  const result: FetchedPhotos = { downloaded: 0, there: 0, missing: [], damaged: [] };
  const wanted: string[] = [];
  const leaveOut = (path: string, lack: Lack) => {
    result[lack].push(path);
    // Nobody wants to wait for thousands more of them.
    expectMost(result, paths.length);
  };
  const told = { unit: 'photos', total: paths.length };
  const tell = telling(events, { stage: 'checking photos', ...told });
  let looked = 0;
  await forEachAtOnce(
    paths,
    async (path) => {
      const known = leftOut.get(`${within}/${path}`);
      if (!staysInside(root, path)) leaveOut(path, 'missing');
      else if ((await wrongPhoto(join(root, path)).catch(() => 'it is not there')) === undefined) {
        result.there += 1;
        leftOut.delete(`${within}/${path}`);
      } else if (known !== undefined && !retry) leaveOut(path, known);
      else wanted.push(path);
      looked += 1;
      tell(looked);
    },
    { concurrency: parallel, signal },
  );
  let done = paths.length - wanted.length;
  const say = () => events.emit({ type: 'progress', stage: 'photos', done, ...told });
  if (wanted.length > 0) say();
  let known = false;
  const decoding = wanted.length > 0 ? pixelPool({ workers: DECODING }) : undefined;
  const check = async (file: string, fresh: boolean) =>
    (await wrongPhoto(file)) ?? (fresh ? undecodable(file, decoding!) : undefined);
  try {
    await forEachAtOnce(
      wanted,
      async (path, signal) => {
        const file = { path: `${within}/${path}`, to: `${within}/${path}`, known, check };
        const fate = await fetchPhoto(file, { ...fetching, signal });
        known = true;
        if (fate === 'downloaded') {
          result.downloaded += 1;
          leftOut.delete(file.path);
        } else {
          leaveOut(path, fate);
          leftOut.set(file.path, fate);
        }
        done += 1;
        say();
      },
      { concurrency: parallel, signal },
    );
  } finally {
    await decoding?.close();
  }
  await keepLeftOut(leftOut, fetching);
  warn(result, paths.length, fetching);
  return result;
}

async function fetchPhoto(file: PublishedFile, fetching: Fetching): Promise<'downloaded' | Lack> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      await fetchPublished(file, fetching);
      return 'downloaded';
    } catch (error) {
      if (error instanceof Refusal && MISSING.includes(error.status)) return 'missing';
      if (!(error instanceof PipelineError) || error.code !== 'DOWNLOAD_CORRUPT') throw error;
    }
  }
  return 'damaged';
}

/** Whether curation would quarantine a photo: it is decoded as there. Ends a sentence as the checks do. */
async function undecodable(file: string, decoding: PixelPool): Promise<string | undefined> {
  const [found] = await decoding.fingerprint([file], 'turbo');
  return 'fault' in found! ? `it does not decode: ${found.fault.message}` : undefined;
}

function warn({ missing, damaged }: FetchedPhotos, all: number, { events }: Fetching): void {
  for (const [what, paths] of [
    ['are not at the server', missing.sort()],
    ['are damaged at the server', damaged.sort()],
  ] as const) {
    if (paths.length === 0) continue;
    const named = `${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ', …' : ''}`;
    const text = `${paths.length} of ${all} photos ${what}, and are asked for again with --retry alone: ${named}`;
    events.emit({ type: 'message', level: 'warning', text });
  }
}

/** @throws {PipelineError} `DOWNLOAD_FAILED` where more than a few are missing or damaged so far. */
function expectMost({ missing, damaged }: FetchedPhotos, all: number): void {
  if (!tooMany(missing.length + damaged.length, all)) return;
  const counts = `${missing.length} are not at the server and ${damaged.length} are damaged`;
  throw new PipelineError('DOWNLOAD_FAILED', `Expected ${all} photos but ${counts}`, {
    key: [...missing, ...damaged][0]!,
    hint: 'Run the same command again with --retry: it asks for what is missing alone. If it stays so, check --from: a mirror has the photos under the same paths.',
  });
}
