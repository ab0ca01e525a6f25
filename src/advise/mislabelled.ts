import type { Confidences } from './confident.js';
import type { Neighbours } from './neighbours.js';
import type { TrainSide } from './train-side.js';

/** A label with less support is doubted. */
const DOUBTED = 0.05;
/** Photos shown for either label. */
const SHOWN = 3;

/** A photo whose label is likely wrong. */
export interface Mislabelled {
  imageId: string;
  path: string;
  label: string;
  /** The label with the most support. */
  suggested: string;
  /** How far either is supported, 0..1. */
  support: number;
  suggestedSupport: number;
  /** The model's own probability of the label, out of fold, and that minus the greatest other one. */
  selfConfidence: number;
  margin: number;
  /** So many of the nearest photos carry the suggested label, and so many the photo's own. */
  neighbours: { all: number; suggested: number; own: number };
  /** The nearest photos with the suggested label, and with the photo's own. */
  like: { suggested: string[]; own: string[] };
}

/** Whether each label is doubted: something else has more support, and the label itself hardly any. */
export function doubted(support: Confidences, labels: Int32Array): boolean[] {
  return Array.from(labels, (label, row) => support.best[row] !== label && support.self[row]! < DOUBTED);
}

/** The photos whose labels are doubted, the least supported first, each with its evidence. */
export function mislabelledPhotos(
  { photos, labels, classes }: TrainSide,
  {
    support,
    suggestedSupport,
    confidences,
    neighbours,
  }: {
    support: Confidences;
    /** Of the best label, one a photo. */
    suggestedSupport: ArrayLike<number>;
    confidences: Confidences;
    neighbours: Neighbours;
  },
): Mislabelled[] {
  const rows = [...doubted(support, labels).entries()].flatMap(([row, is]) => (is ? [row] : []));
  rows.sort((a, b) => support.self[a]! - support.self[b]! || a - b);
  return rows.map((row) => {
    const { imageId, path, label } = photos[row]!;
    const best = support.best[row]!;
    const others = [...neighbours.rows[row]!];
    const of = (wanted: number) => others.filter((other) => labels[other] === wanted);
    const shown = (some: number[]) => some.slice(0, SHOWN).map((other) => photos[other]!.path);
    const [suggested, own] = [of(best), of(labels[row]!)];
    return {
      imageId,
      path,
      label,
      suggested: classes[best]!,
      support: support.self[row]!,
      suggestedSupport: suggestedSupport[row]!,
      selfConfidence: confidences.self[row]!,
      margin: confidences.margin[row]!,
      neighbours: { all: others.length, suggested: suggested.length, own: own.length },
      like: { suggested: shown(suggested), own: shown(own) },
    };
  });
}
