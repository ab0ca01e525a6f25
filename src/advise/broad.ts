import type { Confidences } from './confident.js';
import type { Neighbours } from './neighbours.js';
import type { TrainSide } from './train-side.js';

/** A class is called broad where its photos lie among at least so many classes … */
const LEAST_CLASSES = 4;
/** … and less than this share of their neighbours is its own. */
const MOST_OWN = 0.6;
/** Other classes that are told, with a photo each. */
const TOLD = 4;

/** A class whose photos lie among those of many others. */
export interface BroadAdvice {
  label: string;
  photos: number;
  /** Among so many classes its photos lie: 2 to the entropy (in bits) of the classes of their nearest photos. */
  classes: number;
  /** The share of the nearest photos that is the class's own. */
  own: number;
  /** The share of its photos that is recognised, out of fold. */
  recall: number;
  /** Where else its photos lie, the largest share first, with a photo that lies there. */
  among: { label: string; share: number; path: string }[];
}

/**
 * Classes that are too broad to be one, by the entropy of their photos' neighbours; the broadest first.
 * @param beside shares of the classes among each class's neighbours
 */
export function broadClasses(
  { photos, labels, classes }: TrainSide,
  {
    beside,
    neighbours,
    confidences: { best },
  }: { beside: readonly (readonly number[])[]; neighbours: Neighbours; confidences: Confidences },
): BroadAdvice[] {
  const advice = classes.flatMap((label, index): BroadAdvice[] => {
    const shares = beside[index]!;
    const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0);
    const own = shares[index]!;
    if (2 ** entropy < LEAST_CLASSES || own >= MOST_OWN) return [];
    const rows = [...labels.keys()].filter((row) => labels[row] === index);
    const others = [...shares.keys()].filter((other) => other !== index && shares[other]! > 0);
    others.sort((a, b) => shares[b]! - shares[a]! || a - b);
    const most = (other: number) => {
      const count = (row: number) => neighbours.rows[row]!.filter((one) => labels[one] === other).length;
      return rows.reduce((found, row) => (count(row) > count(found) ? row : found), rows[0]!);
    };
    return [
      {
        label,
        photos: rows.length,
        classes: 2 ** entropy,
        own,
        recall: rows.filter((row) => best[row] === index).length / rows.length,
        among: others.slice(0, TOLD).map((other) => ({
          label: classes[other]!,
          share: shares[other]!,
          path: photos[most(other)]!.path,
        })),
      },
    ];
  });
  return advice.sort((a, b) => b.classes - a.classes);
}
