import { setsOf, unionFind } from '../union-find.js';
import type { Confidences } from './confident.js';
import type { TrainSide } from './train-side.js';

/** Classes are advised to merge where at least this share of their photos is surely confused … */
const CONFUSED = 0.05;
/** … and at least this share of the neighbours that are of either is the other's. */
const OVERLAP = 0.1;
/** Photos shown for either direction. */
const SHOWN = 4;
/** Of the normal distribution: one-sided 97.5 %. */
const Z = 1.96;

/** Two classes that cannot well be told apart. */
export interface MergeAdvice {
  from: string;
  /** The larger of the two. */
  into: string;
  /** Photos of both that were taken for one of them, and for the wrong one. */
  photos: number;
  confused: number;
  /** `confused / photos`, and what it is at least (Wilson's 95 % bound). */
  share: number;
  leastShare: number;
  /** Of the neighbours of either class's photos that are of one of them, the share that is the other's; the mean of both. */
  overlap: number;
  /** The photos that were taken for the other most surely. */
  examples: { path: string; label: string; predicted: string; probability: number }[];
}

/**
 * Pairs of classes to merge, by confusion out of fold and by how their photos lie among each other; the most confused first.
 * @param probabilities [photos × classes]
 * @param beside shares of the classes among each class's neighbours
 */
export function classesToMerge(
  { photos, labels, classes }: TrainSide,
  {
    probabilities,
    confidences: { best },
    beside,
  }: { probabilities: Float64Array; confidences: Confidences; beside: readonly (readonly number[])[] },
): MergeAdvice[] {
  const sizes = new Int32Array(classes.length);
  const confusion = classes.map(() => new Int32Array(classes.length));
  for (const [row, label] of labels.entries()) {
    sizes[label]! += 1;
    confusion[label]![best[row]!]! += 1;
  }
  const advice: MergeAdvice[] = [];
  for (let a = 0; a < classes.length; a++) {
    for (let b = a + 1; b < classes.length; b++) {
      const confused = confusion[a]![b]! + confusion[b]![a]!;
      const together = confused + confusion[a]![a]! + confusion[b]![b]!;
      const leastShare = leastShareOf(confused, together);
      const overlap = (otherShare(beside, a, b) + otherShare(beside, b, a)) / 2;
      if (leastShare < CONFUSED || overlap < OVERLAP) continue;
      const [from, into] = sizes[a]! > sizes[b]! ? [b, a] : [a, b];
      const examplesOf = (label: number, predicted: number) => {
        const rows = [...labels.keys()].filter((row) => labels[row] === label && best[row] === predicted);
        const sure = (row: number) => probabilities[row * classes.length + predicted]!;
        rows.sort((one, other) => sure(other) - sure(one) || one - other);
        return rows.slice(0, SHOWN).map((row) => ({
          path: photos[row]!.path,
          label: classes[label]!,
          predicted: classes[predicted]!,
          probability: sure(row),
        }));
      };
      advice.push({
        from: classes[from]!,
        into: classes[into]!,
        photos: together,
        confused,
        share: confused / together,
        leastShare,
        overlap,
        examples: [...examplesOf(from, into), ...examplesOf(into, from)],
      });
    }
  }
  return advice.sort((a, b) => b.share - a.share);
}

/**
 * What a recipe's `merge` has of them: each label's last stop, the largest class of those that are joined.
 * @param sizes photos by class
 */
export function mergeRules(
  advice: readonly MergeAdvice[],
  sizes: ReadonlyMap<string, number>,
): Record<string, string> {
  const names = [...new Set(advice.flatMap(({ from, into }) => [from, into]))].sort();
  const sets = unionFind(names.length);
  for (const { from, into } of advice) sets.union(names.indexOf(from), names.indexOf(into));
  const rules = setsOf(names.length, sets).flatMap((members) => {
    const joined = members.map((member) => names[member]!);
    const into = joined.reduce((best, name) => (sizes.get(name)! > sizes.get(best)! ? name : best));
    return joined.filter((name) => name !== into).map((name) => [name, into] as const);
  });
  return Object.fromEntries(rules);
}

function otherShare(beside: readonly (readonly number[])[], a: number, b: number): number {
  const [own, other] = [beside[a]![a]!, beside[a]![b]!];
  return other === 0 ? 0 : other / (own + other);
}

/** Wilson's lower bound of a share. */
function leastShareOf(hits: number, total: number): number {
  if (total === 0) return 0;
  const share = hits / total;
  const middle = share + Z ** 2 / (2 * total);
  const width = Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2));
  return (middle - width) / (1 + Z ** 2 / total);
}
