import { mapOrdered } from '../concurrency.js';
import type { Fingerprint, PixelPool, PixelResult } from '../kernels/pixel-pool.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import type { Link } from './links.js';

const PHOTOS_A_JOB = 32;
const PAIRS_A_JOB = 16;

/**
 * Each photo's fingerprint or fault, in the order of the files.
 * @param options.stage whose progress it is.
 */
export async function* fingerprints(
  files: readonly string[],
  { pool, context, stage }: { pool: PixelPool; context: RunContext; stage: string },
): AsyncGenerator<PixelResult<Fingerprint>> {
  const { signal, workers, events } = context;
  const jobs = mapOrdered(chunks(iterate(files), PHOTOS_A_JOB), (some) => pool.fingerprint(some, 'turbo'), {
    concurrency: 2 * workers,
    signal,
  });
  let done = 0;
  for await (const results of jobs) {
    yield* results;
    done += results.length;
    events.emit({ type: 'progress', stage, done, total: files.length, unit: 'photos' });
  }
}

/** Those of the links whose photos are one picture when they are looked at closely; they name files by index. */
export async function confirmed(
  links: readonly Link[],
  files: readonly string[],
  { pool, context }: { pool: PixelPool; context: Pick<RunContext, 'signal' | 'workers'> },
): Promise<Link[]> {
  const { signal, workers } = context;
  const jobs = mapOrdered(
    chunks(iterate(links), PAIRS_A_JOB),
    async (some) => {
      const pairs = some.map(({ a, b }) => [files[a]!, files[b]!] as const);
      return { some, same: await pool.compare(pairs, 'turbo') };
    },
    { concurrency: 2 * workers, signal },
  );
  const found: Link[] = [];
  for await (const { some, same } of jobs) found.push(...some.filter((_, index) => same[index]));
  return found;
}
