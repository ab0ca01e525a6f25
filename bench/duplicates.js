// Same picture, as shipped: recall of the genuine photos' re-encoded twins, and whether what is merged is one picture.
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createContext } from '#src/context.js';
import { recipeSchema } from '#src/recipe.js';
import { photosIn } from '#src/sources/photo-folders.js';
import { findDuplicates } from '#src/steps/duplicates.js';
import { judge, judgedPhotos } from './judge.js';

const { signal } = new AbortController();

/** Every pair inside each group of a relation, by the photos' indices. */
export function pairsInside(groups, relation, indexOf) {
  return groups
    .filter((group) => group.relation === relation)
    .flatMap(({ images }) =>
      images.flatMap((a, at) => images.slice(at + 1).map((b) => [indexOf.get(a), indexOf.get(b)])),
    );
}

/** @returns undefined, loudly, where the twins are absent. */
export async function scoreTwins(root) {
  const twins = resolve(process.env.ABO_SHARED ?? '../shared', 'near-duplicates');
  if (!existsSync(twins)) {
    console.log(`\nSKIPPED the score of duplicates: no twins at ${twins} (set ABO_SHARED)`);
    return undefined;
  }
  const files = await photosIn([join(root, 'images/small'), twins], signal);
  const indexOf = new Map(files.map((file, index) => [file, index]));
  const truth = files.flatMap((file, index) => {
    if (!file.startsWith(twins)) return [];
    const name = basename(file);
    return [[indexOf.get(join(root, 'images/small', name.slice(0, 2), name)), index]];
  });
  const { same, family } = recipeSchema.shape.deduplicate.parse({});
  const started = performance.now();
  const found = await findDuplicates(files, { same, family }, createContext());
  const seconds = (performance.now() - started) / 1000;
  const judged = judge(await judgedPhotos(files), truth);
  return { files, truth, found, indexOf, judged, seconds };
}

export default async function duplicates({ root, synthetic }) {
  const scored = synthetic ? undefined : await scoreTwins(root);
  if (scored === undefined) return;
  const { files, truth, found, indexOf, judged, seconds } = scored;
  console.log(
    `\nDuplicates: ${files.length} photos with ${truth.length} true twins, ${seconds.toFixed(1)} s`,
  );
  for (const relation of ['same', 'family']) {
    const { recall, pairs, strict, lenient, f1 } = judged.score(pairsInside(found.groups, relation, indexOf));
    const figures = Object.entries({ recall, strict, lenient, f1 }).map(
      ([name, value]) => `${name} ${value.toFixed(4)}`,
    );
    console.log(`  ${relation.padEnd(6)} ${pairs} pairs, ${figures.join(', ')}`);
  }
}
