import { mapOrdered } from '../concurrency.js';
import { equalLinks, type Link, nearPhotos } from '../duplicates/links.js';
import { type Fingerprint, type PixelPool, pixelPool } from '../kernels/pixel-pool.js';
import type { SampleRecord } from '../records.js';
import type { ImagesRoot } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import type { Findings } from './findings.js';
import type { Tie } from './leaks.js';

const PHOTOS_A_JOB = 8;
const PAIRS_A_JOB = 16;

/**
 * Reads the samples' photos from the disk once more: whether their bytes are those that were written down, and which of
 * them are equal, the same picture or near, whatever curation found.
 */
export async function lookAgain(
  findings: Findings,
  samples: Iterable<SampleRecord>,
  imagesRoot: ImagesRoot,
  context: RunContext,
): Promise<Tie[]> {
  const photos = [...new Map([...samples].map((sample) => [sample.path, sample])).values()];
  const places = photos.map(({ path }) => imagesRoot.placeOf(path));
  const pool = pixelPool({ workers: context.workers });
  try {
    const near = nearPhotos();
    const hashes: [number, string][] = [];
    const pictures: [number, string][] = [];
    const seen = new Set<string>();
    findings.looked('changed', photos.length);
    for await (const [index, fingerprint, fault] of fingerprints(places, pool, context)) {
      const { imageId, path, sha256 } = photos[index]!;
      if (fingerprint === undefined) {
        // Where curation has not read the photos, the ledger of the cache says so.
        if (sha256 !== '') findings.found({ check: 'changed', key: imageId, message: `${path}: ${fault}` });
        continue;
      }
      if (sha256 !== '' && sha256 !== fingerprint.sha256) {
        const message = `${path} has other bytes than those that were curated`;
        findings.found({ check: 'changed', key: imageId, message });
      }
      hashes.push([index, fingerprint.sha256]);
      pictures.push([index, fingerprint.picture]);
      // As in curation: what is equal to the last pixel is tied by that alone.
      if (!seen.has(fingerprint.picture)) near.add(index, fingerprint);
      seen.add(fingerprint.picture);
    }
    const same = await confirmed(near.maybeSame, places, pool, context);
    const tie = (check: Tie['check']) => (links: readonly Link[]) =>
      links.map(({ a, b, distance }): Tie => {
        const ends = { check, a: photos[a]!.imageId, b: photos[b]!.imageId };
        return distance === undefined ? ends : { ...ends, distance };
      });
    return [
      ...tie('bytes')(equalLinks(hashes, 'bytes')),
      ...tie('same-picture')([...equalLinks(pictures, 'pixels'), ...same]),
      ...tie('near')(near.family),
    ];
  } finally {
    await pool.close();
  }
}

async function* fingerprints(
  places: readonly string[],
  pool: PixelPool,
  { signal, workers, events }: RunContext,
): AsyncGenerator<[index: number, fingerprint: Fingerprint | undefined, fault?: string]> {
  const jobs = mapOrdered(
    chunks(iterate(places.entries()), PHOTOS_A_JOB),
    async (some) => ({
      some,
      results: await pool.fingerprint(
        some.map(([, place]) => place),
        'turbo',
      ),
    }),
    { concurrency: 2 * workers, signal },
  );
  let done = 0;
  for await (const { some, results } of jobs) {
    for (const [at, [index]] of some.entries()) {
      const result = results[at]!;
      yield 'value' in result ? [index, result.value] : [index, undefined, result.fault.message];
    }
    done += some.length;
    events.emit({ type: 'progress', stage: 'verify', done, total: places.length, unit: 'photos' });
  }
}

async function confirmed(
  links: readonly Link[],
  places: readonly string[],
  pool: PixelPool,
  { signal, workers }: RunContext,
): Promise<Link[]> {
  const jobs = mapOrdered(
    chunks(iterate(links), PAIRS_A_JOB),
    async (some) => {
      const pairs = some.map(({ a, b }) => [places[a]!, places[b]!] as const);
      return { some, same: await pool.compare(pairs, 'turbo') };
    },
    { concurrency: 2 * workers, signal },
  );
  const found: Link[] = [];
  for await (const { some, same } of jobs) found.push(...some.filter((_, index) => same[index]));
  return found;
}
