import { unknownKey } from '../explore/unknown-key.js';
import type { Recipe } from '../recipe.js';
import type { Listing } from '../records.js';
import { blocksOf, inBlocks } from '../streams.js';

/** A dump may make up a key a listing. */
const MOST_KEYS = 1000;

/**
 * Listings on their way, the last of which is where it is known that a task’s attribute is none of theirs: no photo has
 * been looked into then.
 * @throws {PipelineError} `RECIPE_INVALID`, while it is read, where no listing has the attribute of one of the tasks.
 */
export function withAttributes(
  listings: AsyncIterable<Listing>,
  { recipe, tasks }: { recipe: Recipe; tasks: readonly string[] },
): AsyncIterable<Listing> {
  const unmet = new Map(tasks.map((task) => [task, recipe.tasks[task]!.attribute ?? task]));
  const keys = new Set<string>();
  let any = false;
  const look = ({ attributes }: Listing) => {
    any = true;
    for (const [task, attribute] of unmet) if (Object.hasOwn(attributes, attribute)) unmet.delete(task);
    if (unmet.size === 0) return;
    for (const key of Object.keys(attributes)) if (keys.size < MOST_KEYS) keys.add(key);
  };
  return inBlocks(async function* () {
    for await (const block of blocksOf(listings)) {
      for (const listing of block) {
        if (unmet.size === 0) break;
        look(listing);
      }
      yield block;
    }
    const [first] = unmet;
    if (first === undefined || !any) return;
    const [task, key] = first;
    throw unknownKey('RECIPE_INVALID', {
      asked: `tasks.${task}.attribute`,
      key,
      keys: [...keys],
      more:
        recipe.tasks[task]!.attribute === undefined
          ? ` Where the recipe names none it is the task’s own name: --set tasks.${task}.attribute=KEY names one.`
          : '',
    });
  });
}
