import { matchKey } from '../attributes.js';
import { meanInterval } from '../models/bootstrap.js';

/** What one run said about a photo. */
export interface Scored {
  path: string;
  label: string;
  predicted: string;
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
  /** Whether the labels of one were made the other's by its merge. */
  mapped?: 'first' | 'second';
}

export type Comparison = Pair | { notComparable: string };

/**
 * Compares two runs photo by photo. Where their classes differ, those of the finer run become the other's by the other
 * recipe's merge, on both sides of its predictions.
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
  for (const { path, label, predicted } of first.predictions) {
    const other = others.get(path);
    if (other === undefined) continue;
    const labels = [mapping.first(label), mapping.second(other.label)];
    if (matchKey(labels[0]!) !== matchKey(labels[1]!)) {
      disagreed += 1;
      continue;
    }
    const right = (guess: string) => Number(matchKey(guess) === matchKey(labels[0]!));
    hits.push([right(mapping.first(predicted)), right(mapping.second(other.predicted))]);
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
  };
}

type Mapping = { first(label: string): string; second(label: string): string; mapped?: 'first' | 'second' };

function mappingOf(first: ScoredRun, second: ScoredRun): Mapping | { reason: string } {
  const same = (label: string) => label;
  if (equal(first.classes, second.classes)) return { first: same, second: same };
  const [firstInto, secondInto] = [renamed(second.merge), renamed(first.merge)];
  if (equal(first.classes.map(firstInto), second.classes)) {
    return { first: firstInto, second: same, mapped: 'first' };
  }
  if (equal(second.classes.map(secondInto), first.classes)) {
    return { first: same, second: secondInto, mapped: 'second' };
  }
  const alone = (some: readonly string[], others: readonly string[]) => {
    const known = new Set(others.map(matchKey));
    return some.filter((label) => !known.has(matchKey(label)));
  };
  const only = [alone(first.classes, second.classes), alone(second.classes, first.classes)];
  const named = only.map((labels) => (labels.length === 0 ? 'none' : shortened(labels)));
  return {
    reason: `their classes differ, and neither recipe’s merge makes them equal: only the first has ${named[0]}, only the second ${named[1]}`,
  };
}

function renamed(merge: Readonly<Record<string, string>>): (label: string) => string {
  const into = new Map(Object.entries(merge).map(([from, to]) => [matchKey(from), to]));
  return (label) => into.get(matchKey(label)) ?? label;
}

function equal(some: readonly string[], others: readonly string[]): boolean {
  const [a, b] = [new Set(some.map(matchKey)), new Set(others.map(matchKey))];
  return a.size === b.size && [...a].every((key) => b.has(key));
}

const MOST_NAMED = 5;

function shortened(labels: readonly string[]): string {
  const rest = labels.length - MOST_NAMED;
  return labels.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
