import { join } from 'node:path';
import type { Origin } from '../attribution.js';
import { hashOf } from '../canonical-json.js';
import { mapOrdered } from '../concurrency.js';
import { readsFeatures } from '../models/classifier.js';
import type { TrainerThread } from '../models/trainer/thread.js';
import { trunkName } from '../models/trunk.js';
import { modelOf, type Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import type { RunFolder } from '../run.js';
import { FILES, GALLERY, type GalleryPhoto, THUMBNAIL_EDGE } from '../similar/format.js';
import { type GalleryEntry, writeGallery } from '../similar/write.js';
import { type CacheReference, withCaches } from '../sinks/tensor-cache/with-caches.js';
import { thumbnail } from '../sinks/thumbnail.js';
import type { RunContext } from '../stage.js';
import { chunks, iterate } from '../streams.js';
import { type Accounted, accountedStep } from './accounted.js';
import type { TaskSamples } from './cache.js';
import type { Features } from './features.js';
import { namesOfPhotos } from './photos.js';
import { modelFolder, type TaskInputs } from './train.js';

/** Photos whose embeddings are held at once. */
const AT_ONCE = 16_384;

/** A photo that a run has, with where its bytes are. */
interface Pictured {
  photo: GalleryPhoto;
  file: string;
}

/**
 * Writes the gallery of a run: all photos of its tasks, by the embeddings of one of its models, into that model's folder.
 * @param options.inputs what that model was trained on.
 * @param options.tasks all of the run.
 * @param options.origin whose the photos are.
 * @param options.alike those whose models give the same embeddings.
 */
export function galleryStep(options: {
  run: RunFolder;
  context: RunContext;
  inputs: TaskInputs;
  tasks: readonly TaskSamples[];
  alike: readonly string[];
  origin: Origin | undefined;
  trainer: TrainerThread;
}): Promise<Accounted<{ photos: number }>> {
  const { run, context, inputs, tasks, alike, origin, trainer } = options;
  const name = trunkName(inputs.tasks);
  const folder = galleryFolder(inputs);
  return accountedStep(run, context, {
    name: 'gallery',
    dependsOn: {
      version: 1,
      model: run.record(`train-${name}`)?.hash,
      samples: tasks.map(({ task, digest, samples }) => [task, digest, samples.length]),
      photos: run.record('curate')?.hash ?? null,
      alike,
      origin: origin ?? null,
    },
    outputs: Object.values(FILES).map((file) => `${folder}/${file}`),
    async work({ signal, events, workers }) {
      const pictured = await picturedPhotos(run, tasks);
      const cache = await embeddedFrom(inputs, pictured);
      const { length } = pictured;
      async function* entries(): AsyncGenerator<GalleryEntry> {
        let done = 0;
        for await (const some of chunks(iterate(pictured), AT_ONCE)) {
          const photos = some.map(({ photo }) => photo.sha256);
          const { embeddings, width } = await trainer.embed(
            { kind: 'embed', folder: join(run.path, modelFolder(name)), cache, photos },
            { signal, events },
          );
          const shown = mapOrdered(
            iterate(some.entries()),
            async ([row, { photo, file }]) => ({
              photo,
              embedding: embeddings.subarray(row * width, (row + 1) * width),
              thumbnail: await thumbnail(file, THUMBNAIL_EDGE),
            }),
            { concurrency: 2 * workers, signal },
          );
          for await (const entry of shown) {
            yield entry;
            done += 1;
            events.emit({ type: 'progress', stage: 'gallery', done, total: length, unit: 'photos' });
          }
        }
      }
      await writeGallery(
        join(run.path, folder),
        { model: name, tasks: [...alike], photos: length, ...(origin !== undefined && { origin }) },
        entries(),
      );
      return { photos: length };
    },
  });
}

/** Where the gallery lies in a run folder. */
export function galleryFolder({ tasks }: TaskInputs): string {
  return `${modelFolder(trunkName(tasks))}/${GALLERY}`;
}

/**
 * The tasks whose models give the same embeddings as one: where its base is frozen those whose heads read the same of the same
 * features, else those that it is trained for itself.
 */
export function tasksAlike(
  recipe: Recipe,
  inputs: TaskInputs,
  features: ReadonlyMap<string, Features>,
): string[] {
  const own = inputs.tasks.map(({ task }) => task);
  if (inputs.features === undefined) return own;
  const { path } = inputs.features;
  const readOf = (task: string) => hashOf(modelOf(recipe, task).head.layers ?? null);
  return [...features.keys()].filter(
    (task) =>
      features.get(task)!.path === path &&
      readsFeatures(recipe, task) === 'all' &&
      readOf(task) === readOf(own[0]!),
  );
}

/** The photos of all tasks, each once, in the tasks' order. */
async function picturedPhotos(run: RunFolder, tasks: readonly TaskSamples[]): Promise<Pictured[]> {
  const names = tasks.every(({ given }) => given) ? undefined : await namesOfPhotos(run.path);
  const byPath = new Map<string, Pictured>();
  for (const { task, samples } of tasks) {
    for (const sample of samples) {
      const known = byPath.get(sample.path) ?? {
        photo: photoOf(sample, names?.get(sample.path)),
        file: sample.file,
      };
      known.photo.labels[task] = sample.label;
      byPath.set(sample.path, known);
    }
  }
  return [...byPath.values()];
}

function photoOf(
  { imageId, path, sha256, component, split }: Sample,
  names?: { items: readonly string[]; images: readonly string[] },
): GalleryPhoto {
  const { items, images = [] } = names ?? {};
  return {
    imageId,
    path,
    sha256,
    component,
    split,
    labels: {},
    ...(items && { items }),
    ...(images.length > 1 && { images }),
  };
}

/** The features of the model's frozen base where they are there of all photos, else pixels. */
async function embeddedFrom(
  { pixels, features }: TaskInputs,
  pictured: readonly Pictured[],
): Promise<CacheReference> {
  if (features === undefined) return pixels;
  return withCaches([features], ([cache]) =>
    pictured.every(({ photo }) => cache!.keyOf(photo.sha256) !== undefined) ? features : pixels,
  );
}
