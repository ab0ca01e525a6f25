import { place } from '../kernels/fit.js';
import type { Size } from '../kernels/resize.js';
import type { HeatMap } from '../models/grad-cam.js';
import type { Verdict } from '../predict/judge.js';
import type { PhotoInput } from '../predict/models.js';
import type { PhotoPrediction, PredictedTask } from '../predict/predictor.js';
import type { Gallery } from '../similar/gallery.js';
import { similarPhotos } from '../similar/similar-photos.js';
import type { Explanation, PhotoAnswer, SimilarPhoto, TaskAnswer } from './schemas.js';

/** What the models said of a photo, and what is given of it, as the API gives it. */
export function photoAnswer(
  { sha256, width, height }: PhotoPrediction,
  verdicts: ReadonlyMap<string, Verdict>,
  { tasks, top }: { tasks: readonly PredictedTask[]; top: number },
): PhotoAnswer {
  const answers = tasks.map((task) => [task.name, taskAnswer(verdicts.get(task.name)!, task, top)]);
  return { sha256, width, height, tasks: Object.fromEntries(answers) };
}

function taskAnswer(
  { decision, similarity, prediction: { className, probability, probabilities } }: Verdict,
  { classes, levels }: PredictedTask,
  top: number,
): TaskAnswer {
  const order = classes.map((_, k) => k).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const best = classes.indexOf(className);
  return {
    label: className,
    confidence: probability,
    decision,
    ...(similarity !== undefined && { likeness: similarity }),
    path: [...levels.map((level) => level.classes[level.of[best]!]!), className],
    top: order.slice(0, top).map((k) => ({ label: classes[k]!, confidence: probabilities[k]! })),
  };
}

/**
 * A heat map, and where it lies over the photo.
 * @param input how the model takes photos. What `trim` cuts off depends on the pixels: there the map is laid over the whole.
 */
export function explanationOf(
  { height, width, values }: HeatMap,
  input: PhotoInput,
  photo: Size,
): Explanation {
  const heat = Array.from(values, (value) => Math.round(1000 * value) / 1000);
  return { height, width, heat, area: areaOf(input, photo) };
}

function areaOf({ fit, ...target }: PhotoInput, photo: Size): Explanation['area'] {
  const { from, to } = place(fit === 'trim' ? 'stretch' : fit, photo, target);
  // Pixels of the photo for each of the input's.
  const [across, down] = [from.width / to.width, from.height / to.height];
  return {
    left: (from.left - to.left * across) / photo.width,
    top: (from.top - to.top * down) / photo.height,
    width: (target.width * across) / photo.width,
    height: (target.height * down) / photo.height,
  };
}

/**
 * The photos of the catalogue that are nearest to one. Of a photo that is in the catalogue itself the other photos of its
 * item, and those of its family, are left out, as `pipeline similar` does: they are no news.
 */
export function similarAnswer(
  gallery: Gallery,
  { sha256, tasks }: PhotoPrediction,
  count: number,
): SimilarPhoto[] | undefined {
  const task = gallery.tasks.find((name) => tasks.has(name));
  if (task === undefined) return undefined;
  const query = { embedding: tasks.get(task)!.embedding, index: gallery.find(sha256) };
  return similarPhotos(gallery, query, { count }).map(({ imageId, similarity, labels }) => ({
    id: imageId,
    similarity,
    labels,
    photo: `/v1/gallery/${encodeURIComponent(imageId)}`,
  }));
}
