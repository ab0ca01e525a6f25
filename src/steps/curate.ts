import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import type { ExplorationOptions } from '../explore/exploration.js';
import { passingExploration } from '../explore/passing.js';
import type { KnownTree } from '../labels/tree/figures.js';
import { collectNodes, type ListingNodes } from '../labels/tree/nodes.js';
import { treeYaml } from '../labels/tree/yaml.js';
import { frugalHeap } from '../memory.js';
import type { Recipe, TaskRecipe } from '../recipe.js';
import type { Photo, Sample, Side } from '../records.js';
import { jsonLinesFile, writeJsonLinesFile } from '../sinks/jsonl.js';
import type { Source } from '../sources/source.js';
import { assertChained, type RunContext, runStage } from '../stage.js';
import { balance } from '../stages/balance.js';
import type { PreviousSides, PrunedPicture } from '../stages/deduplicate.js';
import { label, type UnmappedValue } from '../stages/label.js';
import { split } from '../stages/split.js';
import { collect, iterate, observed } from '../streams.js';
import type { Unmapped } from '../summary.js';
import { dumpPhotos } from './dump-photos.js';
import { explorationDocument, explorationOptions } from './explore.js';
import { PHOTO_FILES, writePhotos } from './photos.js';
import {
  type CuratedTask,
  countLabels,
  curatedTask,
  mostUnmapped,
  samplesFiles,
  writeSamples,
} from './samples.js';
import { taskTree } from './task-tree.js';

/** What curation found out, kept in the manifest. */
export interface CurateResult {
  photos: number;
  tasks: Record<string, CuratedTask>;
}

/** The files that curation writes, relative to the run folder. */
export function curateOutputs(recipe: Recipe, tasks: readonly string[]): string[] {
  return [
    ...Object.values(PHOTO_FILES),
    'duplicates.jsonl',
    'boilerplate.jsonl',
    'exploration.json',
    ...tasks.flatMap((task) => Object.values(samplesFiles(task))),
    ...tasks.filter((task) => recipe.tasks[task]!.tree !== undefined).map(treeFile),
  ];
}

/** The file that holds the tree over a task's classes, as a recipe can name it. */
function treeFile(task: string): string {
  return `tree-${task}.yaml`;
}

/**
 * What curation depends on: the recipe without its name, cache and models, and the dump's files.
 * @param source their identity.
 * @param previous the digest of the older run's photos whose sides are kept, if any.
 */
export function curateDependencies(
  recipe: Recipe,
  tasks: readonly string[],
  source: unknown,
  previous?: string,
): unknown {
  const { seed, source: reading, views, language, conflicts, deduplicate: duplicates, split: sides } = recipe;
  const labels = tasks.map((task) => {
    const { model, training, ...rest } = recipe.tasks[task]!;
    return [task, rest];
  });
  return {
    // 5: writings of one value count as one where listings conflict.
    version: 5,
    seed,
    reading,
    views,
    ...(language && { language }),
    conflicts,
    duplicates,
    sides,
    labels,
    source,
    ...(previous !== undefined && { previous }),
  };
}

/**
 * From a dump to each task's samples: parse → explode → join → deduplicate → label → balance → split.
 * @throws {PipelineError} `DUMP_EMPTY` when the dump holds no listing, `TOO_FEW_SAMPLES` when a task has fewer than
 * two classes, `RECIPE_INVALID` when no listing has its attribute, and whatever the stages throw.
 */
export async function curate(options: {
  recipe: Recipe;
  tasks: readonly string[];
  source: Source;
  run: string;
  context: RunContext;
  /** Sides that an older run gave, by image id: they are kept. */
  previous?: ReadonlyMap<string, Side>;
}): Promise<CurateResult> {
  const lavish = frugalHeap();
  try {
    return await curateAll(options);
  } finally {
    lavish();
  }
}

async function curateAll({
  recipe,
  tasks,
  source,
  run,
  context,
  previous,
}: Parameters<typeof curate>[0]): Promise<CurateResult> {
  const nodes = collectNodes();
  const hasTree = tasks.some((task) => recipe.tasks[task]!.tree !== undefined);
  const sides = new Map<string, Side>();
  const photos = await curatePhotos({
    recipe,
    tasks,
    source,
    run,
    context,
    explored: explorationOptions(recipe, tasks[0]!),
    ...(hasTree && { nodes }),
    ...(previous && { previous: { sides: previous, kept: sides } }),
  });
  const curated: Record<string, CuratedTask> = {};
  for (const task of tasks) {
    const { samples, natural, unmapped, tree } = await curateTask(photos, {
      task,
      recipe,
      sides,
      nodes,
      context,
    });
    // Nothing may be lost between stages either.
    assertChained(context.counts.filter((counts) => counts.task === undefined || counts.task === task));
    await writeSamples(run, task, samples);
    if (tree) {
      const title = `The category tree of ${task}, with what the listings' nodes say of it.`;
      await writeFile(join(run, treeFile(task)), treeYaml(tree, title));
    }
    curated[task] = {
      ...curatedTask(samples, natural),
      ...(unmapped && { unmapped }),
      ...(tree && { tree: tree.figures }),
    };
  }
  await writePhotos(run, photos, (photo) => sides.get(unitOf(recipe, photo)));
  return { photos: photos.length, tasks: curated };
}

/** What has a side: a photo's component, or the photo itself. */
function unitOf({ split: { by } }: Recipe, { component, imageId }: Photo): string {
  return by === 'component' ? component : imageId;
}

async function curatePhotos(options: {
  recipe: Recipe;
  tasks: readonly string[];
  source: Source;
  run: string;
  context: RunContext;
  explored: ExplorationOptions;
  nodes?: ReturnType<typeof collectNodes>;
  previous?: { sides: ReadonlyMap<string, Side>; kept: Map<string, Side> };
}): Promise<Photo[]> {
  const { recipe, tasks, source, run, context, explored, nodes, previous } = options;
  const byComponent = recipe.split.by === 'component';
  const kept: PreviousSides | undefined =
    previous && byComponent
      ? { sides: previous.sides, keep: (component, side) => previous.kept.set(component, side) }
      : undefined;
  const groups = jsonLinesFile(join(run, 'duplicates.jsonl'));
  const pruned: PrunedPicture[] = [];
  const exploring = passingExploration(explored);
  let photos: Photo[];
  try {
    photos = await dumpPhotos({
      recipe,
      tasks,
      source,
      context,
      listings: (parsed) => {
        const passing = exploring.listings(parsed);
        return nodes === undefined ? passing : observed(passing, nodes.observe);
      },
      images: exploring.images,
      groups: groups.write,
      pruned: (picture) => pruned.push(picture),
      ...(kept && { previous: kept }),
    });
    await groups.finish();
  } catch (error) {
    await groups.discard();
    throw error;
  }
  if (context.counts.every(({ name, out }) => name !== 'parse' || out === 0)) {
    throw new PipelineError('DUMP_EMPTY', 'Expected at least one listing in the dump but found none', {
      stage: 'parse',
      hint: 'A dump has listings/metadata/listings_*.json.gz; the ledger says why each row was refused.',
    });
  }
  if (previous && !byComponent) {
    for (const { imageId, images } of photos) {
      const side = [imageId, ...images].map((id) => previous.sides.get(id)).find((one) => one !== undefined);
      if (side !== undefined) previous.kept.set(imageId, side);
    }
  }
  await writeJsonLinesFile(join(run, 'boilerplate.jsonl'), pruned);
  const document = await explorationDocument(exploring.result()!, source, context);
  await writeFile(join(run, 'exploration.json'), `${JSON.stringify(document, null, 1)}\n`);
  return photos;
}

async function curateTask(
  photos: readonly Photo[],
  options: {
    task: string;
    recipe: Recipe;
    sides: Map<string, Side>;
    nodes: ListingNodes;
    context: RunContext;
  },
): Promise<{
  samples: Sample[];
  natural: Record<string, number>;
  unmapped: Unmapped | undefined;
  tree: KnownTree | undefined;
}> {
  const { task, recipe, sides, nodes, context } = options;
  const { model: _, training: __, places: ___, ...labels }: TaskRecipe = recipe.tasks[task]!;
  const tree = taskTree(recipe.tasks[task]!, nodes);
  let unmapped: Unmapped | undefined;
  const take = (values: readonly UnmappedValue[]) => {
    if (labels.normalise !== undefined) unmapped = mostUnmapped(values);
  };
  const stage = label({ task, ...labels, tree: tree.option, unmapped: take });
  const labelled = await collect(runStage(stage, iterate(photos), context));
  const natural = countLabels(labelled);
  if (Object.keys(natural).length < 2) {
    const found = Object.keys(natural).join(', ') || 'none';
    throw new PipelineError('TOO_FEW_SAMPLES', `Expected at least two classes but found: ${found}`, {
      stage: 'label',
      key: task,
      hint:
        labels.minPerClass > 1
          ? `Lower tasks.${task}.minPerClass (now ${labels.minPerClass}), or look at the ledger.`
          : `Look at the ledger, or try another attribute: \`explore\` shows which are filled.`,
    });
  }
  const balanced = runStage(
    balance({ task, ...(labels.cap !== undefined && { cap: labels.cap }) }),
    iterate(labelled),
    context,
  );
  const samples = await collect(runStage(split({ task, ...recipe.split, sides }), balanced, context));
  return { samples, natural, unmapped, tree: tree.result(labelled, photos) };
}
