import { alignNodes, homesOf } from './align.js';
import { add, type Evidence, total } from './evidence.js';

/** How a class's photos stand to a concept. */
export interface Hold {
  /** Of the class's photos that a catalogue of the concept lists, the share whose listings name it, 0 to 1. */
  agreement: number;
  /** Of the class's photos with nodes, the share that a catalogue of the concept lists, 0 to 1. */
  judged: number;
}

/** A category, whatever each catalogue calls it. */
export interface Concept {
  /** In English where an English catalogue has it, else as most photos' listings write it. */
  name: string;
  /** The same with what stands above it. */
  path: string;
  /** Numbers of its nodes in the evidence. */
  nodes: readonly number[];
  /** Mean number of names in its nodes' paths. */
  depth: number;
  /** By class; those that it holds no photo of are absent. */
  holds: ReadonlyMap<string, Hold>;
}

/** The categories of all catalogues, aligned, and what each holds. */
export function conceptsOf(evidence: Evidence): Concept[] {
  const { nodes, classes, catalogues } = evidence;
  const sets = alignNodes(evidence);
  const conceptOf = new Map(sets.flatMap((members, concept) => members.map((node) => [node, concept])));
  const homes = sets.map((members) => new Set(members.flatMap((node) => [...homesOf(nodes[node]!)])));
  const { named, listed } = countConcepts(evidence, conceptOf, homes);
  return sets.map((members, concept) => {
    const photosOf = (node: number, english: boolean) => {
      let photos = 0;
      for (const [at, byClass] of nodes[node]!.photos) {
        if (!english || catalogues[at]!.english) photos += total(byClass);
      }
      return photos;
    };
    const spoken = members.some((node) => photosOf(node, true) > 0);
    const ranked = members
      .map((node) => ({ names: nodes[node]!.names, photos: photosOf(node, spoken) }))
      .sort((a, b) => b.photos - a.photos || (a.names.join('/') < b.names.join('/') ? -1 : 1));
    const { names } = ranked[0]!;
    const holds = [...named[concept]!].map(([label, photos]): [string, Hold] => {
      const by = listed(label, homes[concept]!);
      return [label, { agreement: photos / by, judged: by / classes.get(label)!.withNodes }];
    });
    const sizes = members.map((node) => photosOf(node, false));
    const lengths = members.map((node, at) => nodes[node]!.names.length * sizes[at]!);
    return {
      name: names.at(-1)!,
      path: names.join('/'),
      nodes: members,
      depth: sum(lengths) / sum(sizes),
      holds: new Map(holds),
    };
  });
}

/** A photo that several catalogues list counts by the share of them that name the concept. */
function countConcepts(
  { bags }: Evidence,
  conceptOf: ReadonlyMap<number, number>,
  homes: readonly ReadonlySet<number>[],
) {
  const named = homes.map(() => new Map<string, number>());
  const patterns = new Map<string, Map<string, { catalogues: readonly number[]; photos: number }>>();
  for (const { label, photos, marks, catalogues } of bags) {
    const own = patterns.get(label) ?? new Map<string, { catalogues: readonly number[]; photos: number }>();
    patterns.set(label, own);
    const pattern = own.get(catalogues.join()) ?? { catalogues, photos: 0 };
    pattern.photos += photos;
    own.set(catalogues.join(), pattern);
    const said = new Map<number, Set<number>>();
    for (const [node, catalogue] of marks) {
      const concept = conceptOf.get(node)!;
      if (!homes[concept]!.has(catalogue)) continue;
      said.set(concept, (said.get(concept) ?? new Set()).add(catalogue));
    }
    for (const [concept, by] of said) {
      const could = catalogues.filter((catalogue) => homes[concept]!.has(catalogue)).length;
      add(named[concept]!, label, (photos * by.size) / could);
    }
  }
  const listed = (label: string, by: ReadonlySet<number>) => {
    const own = [...patterns.get(label)!.values()];
    return sum(own.filter((one) => one.catalogues.some((at) => by.has(at))).map(({ photos }) => photos));
  };
  return { named, listed };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
