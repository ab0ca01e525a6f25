import { confirmed, fingerprints, questions } from '../duplicates/compare.js';
import { equalLinks, type Link, nearPhotos } from '../duplicates/links.js';
import { pixelPool } from '../kernels/pixel-pool.js';
import type { SampleRecord } from '../records.js';
import type { ImagesRoot } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import type { Findings } from './findings.js';
import type { Tie } from './leaks.js';

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
    findings.looked('changed', photos.length);
    let at = 0;
    for await (const result of fingerprints(places, { pool, context, stage: 'verify' })) {
      const index = at++;
      const { imageId, path, sha256 } = photos[index]!;
      if ('fault' in result) {
        const message = `${path}: ${result.fault.message}`;
        // Where curation has not read the photos, the ledger of the cache says so.
        if (sha256 !== '') findings.found({ check: 'changed', key: imageId, message });
        continue;
      }
      const fingerprint = result.value;
      if (sha256 !== '' && sha256 !== fingerprint.sha256) {
        const message = `${path} has other bytes than those that were curated`;
        findings.found({ check: 'changed', key: imageId, message });
      }
      hashes.push([index, fingerprint.sha256]);
      pictures.push([index, fingerprint.picture]);
      near.add(index, fingerprint);
    }
    const same = await confirmed(questions(near.maybeSame, 'picture'), places, { pool, context });
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
