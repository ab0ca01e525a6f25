import type { Listing } from '../records.js';
import type { ImageRow } from '../sources/source.js';
import { blocksOf, inBlocks, observed } from '../streams.js';
import { type DumpExploration, type ExplorationOptions, exploration } from './exploration.js';

/** An exploration of a dump that something else reads. */
export interface PassingExploration {
  listings(source: AsyncIterable<Listing>): AsyncIterable<Listing>;
  /** To be read before the last listing. */
  images(source: AsyncIterable<ImageRow>): AsyncIterable<ImageRow>;
  /** undefined until the last listing has passed. */
  result(): DumpExploration | undefined;
}

/**
 * Explores a dump as its records pass by to whoever pulls them. Once the last listing has passed it keeps the result
 * alone: what reads the dump may need the memory then.
 */
export function passingExploration(options: ExplorationOptions): PassingExploration {
  let seen: ReturnType<typeof exploration> | undefined = exploration(options);
  let found: DumpExploration | undefined;
  return {
    listings: (source) =>
      inBlocks(async function* () {
        for await (const block of blocksOf(source)) {
          for (const listing of block) seen?.listing(listing);
          yield block;
        }
        found = seen?.result();
        seen = undefined;
      }),
    images: (source) => observed(source, (row) => seen?.image(row)),
    result: () => found,
  };
}
