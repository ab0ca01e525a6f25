import type { Listing } from '../records.js';
import type { ImageRow } from '../sources/source.js';
import { type DumpExploration, type ExplorationOptions, exploration } from './exploration.js';

/** An exploration of a dump that something else reads. */
export interface PassingExploration {
  listings(source: AsyncIterable<Listing>): AsyncGenerator<Listing>;
  /** To be read before the last listing. */
  images(source: AsyncIterable<ImageRow>): AsyncGenerator<ImageRow>;
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
    async *listings(source) {
      for await (const listing of source) {
        seen?.listing(listing);
        yield listing;
      }
      found = seen?.result();
      seen = undefined;
    },
    async *images(source) {
      for await (const row of source) {
        seen?.image(row);
        yield row;
      }
    },
    result: () => found,
  };
}
