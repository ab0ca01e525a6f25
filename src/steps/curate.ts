import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import type { KnownTree } from '../labels/tree/figures.js';
import { collectNodes, type ListingNodes } from '../labels/tree/nodes.js';
import { treeYaml } from '../labels/tree/yaml.js';
import { listingThreads } from '../listings/threads.js';
import { type DumpProfile, listingProfile } from '../profile.js';
import type { Recipe, TaskRecipe } from '../recipe.js';
import type { Photo, Sample, Side } from '../records.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import { writeParquet } from '../sinks/parquet.js';
import type { Source } from '../sources/source.js';
import { assertChained, type RunContext, runStage } from '../stage.js';
import { balance } from '../stages/balance.js';
import { type DuplicateGroup, deduplicate, type PreviousSides } from '../stages/deduplicate.js';
import { explode } from '../stages/explode.js';
import { join as joinImages } from '../stages/join.js';
import { label, type UnmappedValue } from '../stages/label.js';
import { parse } from '../stages/parse.js';
import { split } from '../stages/split.js';
import { collect, iterate, observed } from '../streams.js';
import type { Unmapped } from '../summary.js';
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
  profile: DumpProfile;
  photos: number;
  tasks: Record<string, CuratedTask>;
}

/** The files that curation writes, relative to the run folder. */
export function curateOutputs(recipe: Recipe, tasks: readonly string[]): string[] {
  return [
    'photos.parquet',
    'duplicates.jsonl',
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
    // 2: photos have their sides written.
    version: 2,
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
 * two classes, and whatever the stages throw.
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
  const { recipe, tasks, source, run, context, previous } = options;
  const profile = listingProfile();
  const nodes = collectNodes();
  const hasTree = tasks.some((task) => recipe.tasks[task]!.tree !== undefined);
  const sides = new Map<string, Side>();
  const photos = await curatePhotos({
    recipe,
    source,
    run,
    context,
    profile,
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
  await writePhotos(join(run, 'photos.parquet'), photos, (photo) => sides.get(unitOf(recipe, photo)));
  return { profile: profile.result(), photos: photos.length, tasks: curated };
}

/** What has a side: a photo's component, or the photo itself. */
function unitOf({ split: { by } }: Recipe, { component, imageId }: Photo): string {
  return by === 'component' ? component : imageId;
}

async function curatePhotos(options: {
  recipe: Recipe;
  source: Source;
  run: string;
  context: RunContext;
  profile: ReturnType<typeof listingProfile>;
  nodes?: ReturnType<typeof collectNodes>;
  previous?: { sides: ReadonlyMap<string, Side>; kept: Map<string, Side> };
}): Promise<Photo[]> {
  const { recipe, source, run, context, profile, nodes, previous } = options;
  const byComponent = recipe.split.by === 'component';
  const kept: PreviousSides | undefined =
    previous && byComponent
      ? { sides: previous.sides, keep: (component, side) => previous.kept.set(component, side) }
      : undefined;
  const groups: DuplicateGroup[] = [];
  const images = () => source.images(context.signal);
  const threads = listingThreads({ workers: context.workers });
  const parsed = runStage(parse(), source.rows(context.signal, threads.cut), context);
  const listings = nodes === undefined ? parsed : observed(parsed, nodes.observe);
  const views = runStage(explode({ views: recipe.views }), observed(listings, profile.observe), context);
  const joined = runStage(
    joinImages({ images, imagesRoot: source.imagesRoot, photos: recipe.source.photos }),
    views,
    context,
  );
  const photos = await collect(
    runStage(
      deduplication(recipe, (group) => groups.push(group), kept),
      joined,
      context,
    ),
  ).finally(threads.close);
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
  await writeJsonLinesFile(join(run, 'duplicates.jsonl'), groups);
  return photos;
}

/** The deduplicate stage of a recipe. */
function deduplication(
  recipe: Recipe,
  onGroup: (group: DuplicateGroup) => void,
  previous: PreviousSides | undefined,
) {
  const { conflicts, language, source, deduplicate: duplicates } = recipe;
  return deduplicate({
    photos: source.photos,
    conflicts,
    language,
    ...duplicates,
    ...(previous && { previous }),
    groups: onGroup,
  });
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
      hint: `Lower tasks.${task}.minPerClass (now ${labels.minPerClass}), or look at the ledger.`,
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

const PHOTO_COLUMNS = {
  imageId: 'text',
  path: 'text',
  width: 'int',
  height: 'int',
  sha256: 'text',
  role: 'text',
  component: 'text',
  split: 'text?',
  images: 'texts',
  items: 'texts',
} as const;

/** One row a photo, with the side that it has in every task that it is a sample of; an attribute that has the name of one of our own columns is left out. */
async function writePhotos(
  file: string,
  photos: readonly Photo[],
  sideOf: (photo: Photo) => Side | undefined,
): Promise<void> {
  const names = new Set(photos.flatMap((photo) => Object.keys(photo.attributes)));
  const attributes = [...names].filter((name) => !Object.hasOwn(PHOTO_COLUMNS, name)).sort();
  const columns = {
    ...PHOTO_COLUMNS,
    ...Object.fromEntries(attributes.map((name) => [name, 'text?' as const])),
  };
  function* rows() {
    for (const whole of photos) {
      const { attributes: values, details: __, file: _, ...photo } = whole;
      // Without a prototype, so that a column called `constructor` is empty where no attribute is.
      yield Object.assign(Object.create(null) as Record<string, unknown>, values, photo, {
        split: sideOf(whole),
      });
    }
  }
  await writeParquet(file, columns, rows());
}
