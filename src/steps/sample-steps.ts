import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hashOf } from '../canonical-json.js';
import type { Recipe } from '../recipe.js';
import type { RunFolder } from '../run.js';
import { previousFile, previousSides } from '../sources/previous.js';
import { fileDigest, samplesDigest } from '../sources/samples.js';
import type { Source } from '../sources/source.js';
import type { RunContext } from '../stage.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import { tellingChanges } from './changes.js';
import { type CurateResult, curate, curateDependencies, curateOutputs } from './curate.js';
import { takeGivenSamples } from './given.js';
import { itemsOfPhotos } from './photos.js';
import { type CuratedTask, readTaskSamples, samplesFiles, withHashes } from './samples.js';

/**
 * The steps that give each task its samples: curation, or files of samples.
 * @param options.given files of samples by task, taken instead of curating.
 */
export async function sampleSteps(
  run: RunFolder,
  options: {
    recipe: Recipe;
    source: Source;
    given: ReadonlyMap<string, string>;
    /** An older run, or its `photos.parquet`, whose sides are kept. */
    previous?: string;
    context: RunContext;
  },
): Promise<{ tasks: TaskSamples[]; accounts: Accounted<unknown>[] }> {
  const { recipe, source, given, context } = options;
  const all = Object.keys(recipe.tasks);
  const curatedTasks = all.filter((task) => !given.has(task));
  const accounts: Accounted<unknown>[] = [];
  // The file may have been edited since: then it is not what the step wrote.
  const untouched = async (task: string, { digest }: CuratedTask) =>
    (await samplesDigest(join(run.path, samplesFiles(task).jsonl), context.signal)) === digest;

  const { imagesRoot } = source;
  let looked: Promise<string> | undefined;
  const photosIdentity = () => (looked ??= imagesRoot.identity(context.signal));
  const telling = <Result>(tasks: readonly string[], work: () => Promise<Result>) =>
    tellingChanges({ run: run.path, tasks, imagesRoot, events: context.events }, work);

  let curation: CurateResult | undefined;
  if (curatedTasks.length > 0) {
    // A stream can be read once: what came through it last time says nothing about now.
    const identity = {
      listings: (await source.identity()) ?? randomUUID(),
      ...(recipe.source.photos !== 'none' && { photos: await photosIdentity() }),
    };
    const older = options.previous === undefined ? undefined : await previousFile(options.previous);
    // Read first: it may be this run's own file, which is written again.
    const previous =
      older === undefined ? undefined : await previousSides(older, { whole: keepsItemsTogether(recipe) });
    const step = await accountedStep<CurateResult>(run, context, {
      name: 'curate',
      dependsOn: curateDependencies(recipe, curatedTasks, identity, previous && hashOf([...previous].sort())),
      outputs: curateOutputs(recipe, curatedTasks),
      async holds({ tasks }) {
        const checks = curatedTasks.map((task) => untouched(task, tasks[task]!));
        return (await Promise.all(checks)).every(Boolean);
      },
      work: (own) =>
        telling(curatedTasks, () =>
          curate({
            recipe,
            tasks: curatedTasks,
            source,
            run: run.path,
            context: own,
            ...(previous && { previous }),
          }),
        ),
    });
    accounts.push(step);
    curation = step.result;
  }

  const items = curation && !keepsItemsTogether(recipe) ? await itemsOfPhotos(run.path) : undefined;
  const tasks: TaskSamples[] = [];
  for (const task of all) {
    const file = given.get(task);
    let curated = curation?.tasks[task];
    if (file !== undefined) {
      const { seed, split } = recipe;
      const step = await accountedStep<CuratedTask>(run, context, {
        name: `samples-${task}`,
        dependsOn: {
          version: 1,
          seed,
          split,
          file: await fileDigest(file),
          photos: [source.name, await photosIdentity()],
        },
        outputs: Object.values(samplesFiles(task)),
        holds: (result) => untouched(task, result),
        work: (own) =>
          telling([task], () =>
            takeGivenSamples({ task, file, imagesRoot, recipe, run: run.path, context: own }),
          ),
      });
      accounts.push(step);
      curated = step.result;
    }
    const { digest, natural, unmapped, tree } = curated!;
    const samples = await readTaskSamples(run.path, task, imagesRoot);
    const hashed = await withHashes(samples, context.signal);
    tasks.push({
      task,
      digest,
      natural,
      given: file !== undefined,
      samples: hashed,
      ...(file === undefined && items && { items }),
      ...(unmapped && { unmapped }),
      ...(tree && { tree }),
    });
  }
  return { tasks, accounts };
}

function keepsItemsTogether({ split, deduplicate }: Recipe): boolean {
  return split.by === 'component' && deduplicate.family.includes('item');
}
