import type { Recipe } from '../recipe.js';
import type { PartialSummary } from '../summary.js';
import { samplingDifferences } from './sampling.js';

interface ComparedRun {
  recipe: Recipe;
  summary: PartialSummary;
}

/** What two runs were made of, beside what their recipes say. */
export interface Factors {
  /** What they have in common: `dump`, `backend`, `weights`, `samples and sides`. */
  same: string[];
  /** What they have otherwise, by the same names, with what to say of it. */
  other: Map<string, string | undefined>;
  /** What a summary of an older version does not tell. */
  unknown: string[];
}

export function factorsOf(first: ComparedRun, second: ComparedRun): Factors {
  const factors: Factors = { same: [], other: new Map(), unknown: [] };
  const add = (name: string, differs: boolean | undefined, text?: string) => {
    if (differs === undefined) factors.unknown.push(name);
    else if (differs) factors.other.set(name, text);
    else factors.same.push(name);
  };
  const [a, b] = [first.summary, second.summary];
  add('dump', a.source !== b.source, `Another dump: ${a.source} and ${b.source}.`);
  add('backend', a.backend?.name !== b.backend?.name);
  // Nothing was trained where there is no backend.
  if (a.backend !== undefined && b.backend !== undefined) {
    const weights = otherWeights(a, b);
    add('weights', weights && weights.length > 0, weights?.join(' '));
  }
  const tasks = otherSamples(first, second);
  add(
    'samples and sides',
    tasks && tasks.length > 0,
    `Other samples or sides of ${tasks?.join(', ')}, which the recipes do not explain.`,
  );
  return factors;
}

const DIGITS = 12;
const shown = (digest: string | null) => (digest === null ? 'none' : digest.slice(0, DIGITS));

/** Of networks that both have: another network is the recipe's difference. */
function otherWeights({ weights: a }: PartialSummary, { weights: b }: PartialSummary): string[] | undefined {
  if (a === undefined || b === undefined) return undefined;
  return Object.keys(a)
    .filter((network) => b[network] !== undefined && a[network] !== b[network])
    .map((network) => `Other weights of ${network}: ${shown(a[network]!)} and ${shown(b[network]!)}.`);
}

/** Tasks of both whose samples differ, though what they were made of and by does not. */
function otherSamples(first: ComparedRun, second: ComparedRun): string[] | undefined {
  const [a, b] = [first.summary.tasks, second.summary.tasks];
  const tasks = Object.keys(a).filter((task) => b[task] !== undefined);
  const digests = tasks.map((task) => [a[task]!.samplesDigest, b[task]!.samplesDigest]);
  if (digests.flat().includes(undefined)) return undefined;
  const explained =
    first.summary.source !== second.summary.source ||
    samplingDifferences(first.recipe, second.recipe).length > 0;
  return tasks.filter((task, index) => {
    const given = a[task]!.splitBy === 'given' || b[task]!.splitBy === 'given';
    return digests[index]![0] !== digests[index]![1] && (given || !explained);
  });
}
