import type { Confidences } from './confident.js';
import { doubted } from './mislabelled.js';
import type { Neighbours } from './neighbours.js';
import type { TrainSide } from './train-side.js';

/** A photo that a person should look at before others. */
export interface LookFirst {
  imageId: string;
  path: string;
  label: string;
  suggested: string;
  /** `doubted`: the label is likely wrong; `unsure`: something else has more support, but the label has some, too. */
  why: 'doubted' | 'unsure';
  support: number;
  /** So many other photos have this one among their nearest: what a wrong label of it can do. */
  asked: number;
}

/**
 * Photos in the order in which a look at them is worth most: how little their label is supported, times how many others lie
 * beside them. Pairs of label and suggestion take turns, and a component is shown once, so that the first photos are no
 * twenty of one kind.
 */
export function photosToLookAt(
  { photos, labels, classes }: TrainSide,
  { support, neighbours, count }: { support: Confidences; neighbours: Neighbours; count: number },
): LookFirst[] {
  const worth = (row: number) => (1 - support.self[row]!) * (1 + neighbours.asked[row]!);
  const rows = [...labels.keys()].filter((row) => support.best[row] !== labels[row]);
  rows.sort((a, b) => worth(b) - worth(a) || a - b);
  const seen = new Set<string>();
  const turns = new Map<string, number>();
  const placed = rows.flatMap((row) => {
    const { component } = photos[row]!;
    if (seen.has(component)) return [];
    seen.add(component);
    const kind = `${labels[row]}:${support.best[row]}`;
    const turn = turns.get(kind) ?? 0;
    turns.set(kind, turn + 1);
    return [{ row, turn }];
  });
  // A stable sort: within a turn, by worth.
  placed.sort((a, b) => a.turn - b.turn);
  const doubts = doubted(support, labels);
  return placed.slice(0, count).map(({ row }) => {
    const { imageId, path, label } = photos[row]!;
    return {
      imageId,
      path,
      label,
      suggested: classes[support.best[row]!]!,
      why: doubts[row] ? ('doubted' as const) : ('unsure' as const),
      support: support.self[row]!,
      asked: neighbours.asked[row]!,
    };
  });
}
