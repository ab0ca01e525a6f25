import type { TreePath } from '../../records.js';
import { supportOf } from './build.js';
import type { Concept } from './concepts.js';
import type { Evidence } from './evidence.js';
import { type CategoryTree, pathsOf } from './tree.js';

/** What listings' nodes say of a tree. */
export interface TreeFigures {
  /** Photos of the task's classes, and those of them whose listings have a node that says something. */
  photos: number;
  photosWithNodes: number;
  /** The task's classes, and those of them for which the nodes speak at all. */
  classes: number;
  classesWithNodes: number;
  /** Marketplaces whose listings have nodes, the different categories that they name, and those that several share. */
  catalogues: number;
  nodes: number;
  aligned: number;
  /** Mean of the classes' agreements; absent where no class has one. */
  agreement: { coarse?: number; middle?: number };
  /** In the tree's order. */
  byClass: ClassFigures[];
}

export interface ClassFigures extends TreePath {
  photos: number;
  photosWithNodes: number;
  /**
   * Share of its photos with nodes whose listings name the category that fits its group best, 0 to 1, of those that a
   * catalogue with this category lists; absent where no category fits.
   */
  agreement: { coarse?: number; middle?: number };
}

/** A tree over a task's classes, with what nodes say of it. */
export interface KnownTree {
  tree: CategoryTree;
  figures: TreeFigures;
}

/** How far nodes cover a tree, and how far they agree with it, whoever made it. */
export function treeFigures(
  tree: CategoryTree,
  evidence: Evidence,
  concepts: readonly Concept[],
): TreeFigures {
  const paths = pathsOf(tree).filter(({ fine }) => evidence.classes.has(fine));
  const fit = {
    coarse: bestConcepts(paths, 'coarse', concepts),
    middle: bestConcepts(paths, 'middle', concepts),
  };
  const byClass = paths.map((path): ClassFigures => {
    const { photos, withNodes } = evidence.classes.get(path.fine)!;
    const of = (level: 'coarse' | 'middle') => {
      const concept = fit[level].get(path[level]);
      if (concept === undefined || withNodes === 0) return {};
      return { [level]: concept.holds.get(path.fine)?.agreement ?? 0 };
    };
    return { ...path, photos, photosWithNodes: withNodes, agreement: { ...of('coarse'), ...of('middle') } };
  });
  const mean = (level: 'coarse' | 'middle') => {
    const all = byClass.map(({ agreement }) => agreement[level]).filter((one) => one !== undefined);
    return all.length === 0 ? {} : { [level]: all.reduce((sum, one) => sum + one, 0) / all.length };
  };
  const sum = (key: 'photos' | 'photosWithNodes') => byClass.reduce((total, one) => total + one[key], 0);
  return {
    photos: sum('photos'),
    photosWithNodes: sum('photosWithNodes'),
    classes: byClass.length,
    classesWithNodes: byClass.filter((one) => one.photosWithNodes > 0).length,
    catalogues: new Set(evidence.bags.flatMap(({ catalogues }) => catalogues)).size,
    nodes: evidence.nodes.length,
    aligned: concepts.filter(({ nodes }) => nodes.length > 1).length,
    agreement: { ...mean('coarse'), ...mean('middle') },
    byClass,
  };
}

/** The concept that nodes support most as each group of a level. */
function bestConcepts(
  paths: readonly TreePath[],
  level: 'coarse' | 'middle',
  concepts: readonly Concept[],
): Map<string, Concept> {
  const groups = new Map<string, Set<string>>();
  for (const path of paths) groups.set(path[level], (groups.get(path[level]) ?? new Set()).add(path.fine));
  const best = new Map<string, Concept>();
  for (const [group, classes] of groups) {
    let most = 0;
    for (const concept of concepts) {
      const support = supportOf(concept, classes);
      if (support <= most) continue;
      most = support;
      best.set(group, concept);
    }
  }
  return best;
}
