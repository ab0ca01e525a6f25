import type { HeatMap } from '../models/grad-cam.js';
import type { PhotoPrediction, PredictedTask, TaskPrediction } from '../predict/predictor.js';
import type { Gallery } from '../similar/gallery.js';
import type { Explanation, PhotoAnswer, SimilarPhoto, TaskAnswer } from './schemas.js';

/** What the models said of a photo, as the API gives it. */
export function photoAnswer(
  { sha256, width, height, tasks: predictions }: PhotoPrediction,
  tasks: readonly PredictedTask[],
  top: number,
): PhotoAnswer {
  const answers = tasks.map((task) => [task.name, taskAnswer(predictions.get(task.name)!, task, top)]);
  return { sha256, width, height, tasks: Object.fromEntries(answers) };
}

function taskAnswer(
  { className, probability, probabilities }: TaskPrediction,
  { classes, levels }: PredictedTask,
  top: number,
): TaskAnswer {
  const order = classes.map((_, k) => k).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const best = classes.indexOf(className);
  return {
    label: className,
    confidence: probability,
    path: [...levels.map((level) => level.classes[level.of[best]!]!), className],
    top: order.slice(0, top).map((k) => ({ label: classes[k]!, confidence: probabilities[k]! })),
  };
}

export function explanationOf({ height, width, values }: HeatMap): Explanation {
  return { height, width, heat: Array.from(values, (value) => Math.round(1000 * value) / 1000) };
}

/**
 * The photos of the catalogue that are nearest to one. Of a photo that is in the catalogue itself the other photos of its
 * item, and those of its family, are left out, as `pipeline similar` does: they are no news.
 */
export function similarPhotos(
  gallery: Gallery,
  { sha256, tasks }: PhotoPrediction,
  count: number,
): SimilarPhoto[] | undefined {
  const task = gallery.tasks.find((name) => tasks.has(name));
  if (task === undefined) return undefined;
  const own = gallery.find(sha256);
  const withoutComponent = own === undefined ? undefined : gallery.component(own);
  return gallery
    .nearest(tasks.get(task)!.embedding, { count, withoutComponent })
    .map(({ index, similarity }) => {
      const { imageId, labels } = gallery.photo(index);
      return { id: imageId, similarity, labels, photo: `/v1/gallery/${encodeURIComponent(imageId)}` };
    });
}
