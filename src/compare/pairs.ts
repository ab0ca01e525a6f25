import { matchKey } from '../attributes.js';
import { meanInterval } from '../models/bootstrap.js';

/** What one run said about a photo. */
export interface Scored {
  path: string;
  label: string;
  predicted: string;
  /** The likeliest classes, `predicted` first. */
  top: readonly { label: string }[];
}

/** One run's predictions of a task. */
export interface ScoredRun {
  classes: readonly string[];
  /** Labels that its recipe makes another: FROM: INTO. */
  merge: Readonly<Record<string, string>>;
  predictions: readonly Scored[];
}

/** Two runs on the photos that both scored. */
export interface Pair {
  photos: number;
  /** Photos that both scored but that have another label in each, and are left out. */
  otherLabels: number;
  /** Of the first and the second, on these photos. */
  accuracies: [number, number];
  /** The second's accuracy minus the first's, and its 95 % interval by paired bootstrap over components. */
  difference: number;
  interval: [number, number];
  /** Whose classes were made the other's. */
  mapped?: 'first' | 'second';
  /** Of those the classes that the other has not even so: of them it can be asked nothing, and they are no answer. */
  dropped?: string[];
}

export type Comparison = Pair | { notComparable: string };

/**
 * Compares two runs photo by photo. Where their classes differ, those of the finer run become the other's by the other
 * recipe's merge, on both sides of its predictions. Where the other has dropped classes, the finer run's answer to a photo
 * is its likeliest one among the others, as both are to choose among the same.
 * @param componentOf names a photo's component, by its path.
 */
export function comparePair(
  first: ScoredRun,
  second: ScoredRun,
  { componentOf, seed }: { componentOf: (path: string) => string; seed: number },
): Comparison {
  const mapping = mappingOf(first, second);
  if ('reason' in mapping) return { notComparable: mapping.reason };
  const others = new Map(second.predictions.map((one) => [one.path, one]));
  const hits: [number, number][] = [];
  const components: string[] = [];
  let disagreed = 0;
  for (const one of first.predictions) {
    const { path } = one;
    const other = others.get(path);
    if (other === undefined) continue;
    const label = mapping.first.label(one.label);
    if (matchKey(label) !== matchKey(mapping.second.label(other.label))) {
      disagreed += 1;
      continue;
    }
    const right = (answer: string) => Number(matchKey(answer) === matchKey(label));
    hits.push([right(mapping.first.answer(one)), right(mapping.second.answer(other))]);
    components.push(componentOf(path));
  }
  if (hits.length === 0) {
    const why =
      disagreed > 0
        ? `the ${disagreed} photos that both scored have other labels`
        : 'no photo was scored by both';
    return { notComparable: why };
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const differences = hits.map(([a, b]) => b - a);
  return {
    photos: hits.length,
    otherLabels: disagreed,
    accuracies: [mean(hits.map(([a]) => a)), mean(hits.map(([, b]) => b))],
    difference: mean(differences),
    interval: meanInterval(differences, components, { seed }),
    ...(mapping.mapped && { mapped: mapping.mapped }),
    ...(mapping.dropped && { dropped: mapping.dropped }),
  };
}

/** How a run's labels and answers are read as the other's. */
interface Reading {
  label(label: string): string;
  answer(one: Scored): string;
}

type Mapping = Pick<Pair, 'mapped' | 'dropped'> & { first: Reading; second: Reading };

const AS_IT_IS: Reading = { label: (label) => label, answer: ({ predicted }) => predicted };

function mappingOf(first: ScoredRun, second: ScoredRun): Mapping | { reason: string } {
  const [ours, theirs] = [keysOf(first.classes), keysOf(second.classes)];
  if (ours.size === theirs.size && [...ours].every((key) => theirs.has(key))) {
    return { first: AS_IT_IS, second: AS_IT_IS };
  }
  const ofFirst = readAs(first, second);
  if (ofFirst !== undefined) {
    return { mapped: 'first', first: ofFirst.reading, second: AS_IT_IS, ...ofFirst.told };
  }
  const ofSecond = readAs(second, first);
  if (ofSecond !== undefined) {
    return { mapped: 'second', first: AS_IT_IS, second: ofSecond.reading, ...ofSecond.told };
  }
  const alone = (some: readonly string[], others: readonly string[]) => {
    const known = new Set(others.map(matchKey));
    return some.filter((label) => !known.has(matchKey(label)));
  };
  const only = [alone(first.classes, second.classes), alone(second.classes, first.classes)];
  const named = only.map((labels) => (labels.length === 0 ? 'none' : shortened(labels)));
  return {
    reason: `their classes differ, and neither recipe’s merge makes one’s a part of the other’s: only the first has ${named[0]}, only the second ${named[1]}`,
  };
}

/** The finer run as the other has its classes; undefined where the other has some that it has not. */
function readAs(
  finer: ScoredRun,
  other: ScoredRun,
): { reading: Reading; told: Pick<Pair, 'dropped'> } | undefined {
  const into = renamed(other.merge);
  const known = keysOf(other.classes);
  const own = keysOf(finer.classes.map(into));
  if (![...known].every((key) => own.has(key))) return undefined;
  const isKnown = (label: string) => known.has(matchKey(into(label)));
  const dropped = finer.classes.filter((label) => !isKnown(label));
  return {
    reading: {
      label: into,
      answer: ({ predicted, top }) => into(top.find(({ label }) => isKnown(label))?.label ?? predicted),
    },
    told: dropped.length === 0 ? {} : { dropped },
  };
}

function renamed(merge: Readonly<Record<string, string>>): (label: string) => string {
  const into = new Map(Object.entries(merge).map(([from, to]) => [matchKey(from), to]));
  return (label) => into.get(matchKey(label)) ?? label;
}

const keysOf = (labels: readonly string[]) => new Set(labels.map(matchKey));

const MOST_NAMED = 5;

/** At most five names. */
export function shortened(labels: readonly string[]): string {
  const rest = labels.length - MOST_NAMED;
  return labels.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
