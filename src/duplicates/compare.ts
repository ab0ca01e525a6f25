import { mapOrdered } from '../concurrency.js';
import type { FilePair, Fingerprint, PixelPool, PixelResult, Trait } from '../kernels/pixel-pool.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import type { CutOut } from './cut-outs.js';
import type { Link } from './links.js';

const PHOTOS_A_JOB = 32;
const PAIRS_A_JOB = 16;

/**
 * Each photo's fingerprint or fault, in the order of the files.
 * @param options.stage whose progress it is.
 * @param options.traits what each has besides.
 */
export async function* fingerprints(
  files: readonly string[],
  options: { pool: PixelPool; context: RunContext; stage: string; traits?: readonly Trait[] },
): AsyncGenerator<PixelResult<Fingerprint>> {
  const { pool, context, stage, traits } = options;
  const { signal, workers, events } = context;
  const jobs = mapOrdered(
    chunks(iterate(files), PHOTOS_A_JOB),
    (some) => pool.fingerprint(some, 'turbo', traits),
    { concurrency: 2 * workers, signal },
  );
  let done = 0;
  for await (const results of jobs) {
    yield* results;
    done += results.length;
    events.emit({ type: 'progress', stage, done, total: files.length, unit: 'photos' });
  }
}

/** Two photos as they are asked to be compared, files by index, and the link that they have if they are alike. */
export interface Question {
  link: Link;
  pair: (files: readonly string[]) => FilePair;
}

/** Asks whether the photos of each link are one picture, or show one shape. */
export function questions(links: readonly Link[], as: 'picture' | 'shape'): Question[] {
  return links.map((link) => ({ link, pair: (files) => ({ as, a: files[link.a]!, b: files[link.b]! }) }));
}

/** Asks whether each photo is cut out of the other. */
export function cutOutQuestions(cuts: readonly CutOut[]): Question[] {
  return cuts.map(({ inner, outer, part }) => ({
    link: { a: Math.min(inner, outer), b: Math.max(inner, outer), ground: 'crop' },
    pair: (files) => ({ as: 'cut-out', a: files[inner]!, b: files[outer]!, part }),
  }));
}

/** The links whose photos are what was asked when they are looked at closely. */
export async function confirmed(
  asked: readonly Question[],
  files: readonly string[],
  { pool, context }: { pool: PixelPool; context: Pick<RunContext, 'signal' | 'workers'> },
): Promise<Link[]> {
  const { signal, workers } = context;
  const jobs = mapOrdered(
    chunks(iterate(asked), PAIRS_A_JOB),
    async (some) => {
      const pairs = some.map(({ pair }) => pair(files));
      return { some, yes: await pool.compare(pairs, 'turbo') };
    },
    { concurrency: 2 * workers, signal },
  );
  const found: Link[] = [];
  for await (const { some, yes } of jobs) {
    found.push(...some.filter((_, index) => yes[index]).map(({ link }) => link));
  }
  return found;
}
