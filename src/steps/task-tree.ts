import { PipelineError } from '../errors.js';
import { buildTree } from '../labels/tree/build.js';
import { type Concept, conceptsOf } from '../labels/tree/concepts.js';
import { type ClassedItems, type Evidence, nodeEvidence } from '../labels/tree/evidence.js';
import { type KnownTree, treeFigures } from '../labels/tree/figures.js';
import type { ListingNodes } from '../labels/tree/nodes.js';
import { pathsOf, TREE_OF_NODES, treeOf, treeSchema, withPlaces } from '../labels/tree/tree.js';
import type { TaskRecipe } from '../recipe.js';
import type { LabelledPhoto, Photo } from '../records.js';
import type { LabelOptions } from '../stages/label.js';

/**
 * The tree of a task whose recipe names one: as the label stage takes it, and once the photos are labelled, what
 * became of it.
 */
export function taskTree(
  { tree, places }: Pick<TaskRecipe, 'tree' | 'places'>,
  nodes: ListingNodes,
): {
  option: LabelOptions['tree'];
  /** @throws {PipelineError} as `treeOfNodes`, by way of the label stage too. */
  result(labelled: readonly LabelledPhoto[], photos: readonly Photo[]): KnownTree | undefined;
} {
  if (tree === undefined) return { option: undefined, result: () => undefined };
  let known = tree === TREE_OF_NODES ? {} : withPlaces(tree, places);
  return {
    option:
      tree === TREE_OF_NODES
        ? (photos) => {
            const classed = photos.map(({ photo: { items }, label }) => ({ label, items }));
            known = treeOfNodes(classed, nodes, places).tree;
            return known;
          }
        : known,
    result(labelled, photos) {
      const items = new Map(photos.map((photo) => [photo.imageId, photo.items]));
      const classed = labelled.map(({ imageId, fine }) => ({ label: fine!, items: items.get(imageId)! }));
      const { evidence, concepts } = look(classed, nodes);
      // Those of labels that the recipe makes come last: the tree does not know them.
      const paths = new Map(pathsOf(known).map((path) => [path.fine, path]));
      for (const { coarse, middle, fine } of labelled) {
        if (!paths.has(fine!)) paths.set(fine!, { coarse: coarse!, middle: middle!, fine: fine! });
      }
      const used = treeOf([...paths.values()].filter(({ fine }) => evidence.classes.has(fine)));
      return { tree: used, figures: treeFigures(used, evidence, concepts) };
    },
  };
}

/**
 * The tree over classes that the nodes of their photos' listings give.
 * @throws {PipelineError} `INPUT_INVALID` where no listing has a node, `RECIPE_INVALID` where `places` give a name of a
 * level twice.
 */
export function treeOfNodes(
  photos: readonly ClassedItems[],
  nodes: ListingNodes,
  places: TaskRecipe['places'],
): KnownTree {
  const { evidence, concepts } = look(photos, nodes);
  // Without classes there is nothing to place: whoever asked has to say that.
  if (photos.length === 0) return { tree: {}, figures: treeFigures({}, evidence, concepts) };
  if (evidence.bags.length === 0) {
    throw new PipelineError(
      'INPUT_INVALID',
      'Expected listings with nodes to build a tree from but found none',
      {
        stage: 'label',
        hint: 'Name a tree instead, such as recipes/trees/product_type.yaml.',
      },
    );
  }
  const tree = withPlaces(buildTree(evidence.classes.keys(), concepts), places);
  if (!treeSchema.safeParse(tree).success) {
    throw new PipelineError(
      'RECIPE_INVALID',
      'Expected places that leave each name of the tree once in its level',
      {
        hint: '`pipeline tree` shows the tree that is built from the nodes.',
      },
    );
  }
  return { tree, figures: treeFigures(tree, evidence, concepts) };
}

function look(
  photos: readonly ClassedItems[],
  nodes: ListingNodes,
): { evidence: Evidence; concepts: Concept[] } {
  const evidence = nodeEvidence(photos, nodes);
  return { evidence, concepts: conceptsOf(evidence) };
}
