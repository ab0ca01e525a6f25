import { PipelineError } from '../errors.js';
import type { KnownTree } from '../labels/tree/figures.js';
import { collectNodes } from '../labels/tree/nodes.js';
import type { Recipe } from '../recipe.js';
import type { Source } from '../sources/source.js';
import { type RunContext, runStage } from '../stage.js';
import { label } from '../stages/label.js';
import { collect, iterate, observed } from '../streams.js';
import { dumpPhotos } from './dump-photos.js';
import { treeOfNodes } from './task-tree.js';

/**
 * The category tree over a task's classes that a dump's nodes give. No photo is read: an image id is a photo, and one
 * that several marketplaces list tells which of their nodes are the same.
 * @throws {PipelineError} `TOO_FEW_SAMPLES` where the task has no class, as `treeOfNodes`, and whatever the stages throw.
 */
export async function buildTaskTree(options: {
  recipe: Recipe;
  task: string;
  source: Source;
  context: RunContext;
}): Promise<KnownTree> {
  const { recipe, task, source, context } = options;
  const nodes = collectNodes();
  const photos = await dumpPhotos({
    recipe,
    tasks: [task],
    source,
    context,
    photos: 'none',
    listings: (parsed) => observed(parsed, nodes.observe),
  });
  const { model: _, training: __, tree: ___, level: ____, places, ...labels } = recipe.tasks[task]!;
  const labelled = await collect(runStage(label({ task, ...labels }), iterate(photos), context));
  const items = new Map(photos.map((photo) => [photo.imageId, photo.items]));
  const classed = labelled.map(({ imageId, label: name }) => ({ label: name, items: items.get(imageId)! }));
  const made = [labels.missing, labels.other];
  const placed = classed.filter((photo) => !made.includes(photo.label));
  if (placed.length === 0) {
    throw new PipelineError('TOO_FEW_SAMPLES', 'Expected classes to place in a tree but found none', {
      stage: 'label',
      key: task,
      hint: `Lower tasks.${task}.minPerClass (now ${labels.minPerClass}), or look at what the recipe drops.`,
    });
  }
  return treeOfNodes(placed, nodes, places);
}
