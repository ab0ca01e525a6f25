import type { Mistake, ScoredPhoto } from '../results.js';
import type { UpperLevel } from './levels.js';
import { treeDistance } from './tree-metrics.js';

/** The most confident mistakes of all, and of each pair of classes. */
const MOST_CONFIDENT = 48;
const OF_A_PAIR = 4;
/** In all: with 34 classes each confused pair has some. */
const MOST = 400;

/** Mistakes to look at, the most confident first: those of all, and so many of each pair of classes as there is room for. */
export function mistakesOf(
  photos: readonly ScoredPhoto[],
  { classes, levels }: { classes: readonly string[]; levels: readonly UpperLevel[] },
): Mistake[] {
  const mistakes = photos.filter(({ label, predicted }) => label !== predicted).sort(mostConfident);
  const seen = new Map<string, number>();
  const ofPairs = mistakes.filter(({ label, predicted }) => {
    const pair = JSON.stringify([label, predicted]);
    const earlier = seen.get(pair) ?? 0;
    seen.set(pair, earlier + 1);
    return earlier < OF_A_PAIR;
  });
  const wanted = new Set([...mistakes.slice(0, MOST_CONFIDENT), ...ofPairs]);
  const chosen = new Set([...wanted].slice(0, MOST));
  const places = new Map(classes.map((label, index) => [label, index]));
  return mistakes
    .filter((mistake) => chosen.has(mistake))
    .map((mistake) => ({
      ...plain(mistake),
      ...(levels.length > 0 && {
        distance: treeDistance(places.get(mistake.label)!, places.get(mistake.predicted)!, levels),
      }),
    }));
}

/** Of each class the photo that the model is most sure about and the one it is least sure about, of those it has right. */
export function rightOf(photos: readonly ScoredPhoto[]): ScoredPhoto[] {
  const byClass = new Map<string, ScoredPhoto[]>();
  for (const photo of photos.filter(({ label, predicted }) => label === predicted).sort(mostConfident)) {
    byClass.set(photo.label, [...(byClass.get(photo.label) ?? []).slice(0, 1), photo]);
  }
  const labels = [...byClass.keys()].sort();
  return labels.flatMap((label) => byClass.get(label)!.map(plain));
}

/** Orders by confidence, the most confident first. */
export function mostConfident(a: ScoredPhoto, b: ScoredPhoto): number {
  return b.probability - a.probability || (a.path < b.path ? -1 : 1);
}

/** Without what else a record of a prediction holds. */
export function plain({ imageId, path, label, predicted, probability }: ScoredPhoto): ScoredPhoto {
  return { imageId, path, label, predicted, probability };
}
