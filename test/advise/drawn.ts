import { type TrainPhoto, type TrainSide, trainSide } from '#src/advise/train-side.js';
import { uniform } from '#src/random.js';

export const LENGTH = 12;

/** A vector near a class's own direction; `spread` 0: on it. */
export function vectorNear(kind: number, key: string, spread = 0.5): number[] {
  return Array.from(
    { length: LENGTH },
    (_, at) => Number(at === kind) + spread * (uniform('vector', key, at) - 0.5),
  );
}

/** A photo, and the class that it looks like. */
export interface Drawn {
  label: string;
  kind: number;
  component?: string;
  spread?: number;
}

/** A train side of drawn photos. */
export function drawnSide(photos: readonly Drawn[]): TrainSide {
  const rows = photos.map(({ label, component }, row): TrainPhoto => {
    const imageId = `photo${row}`;
    return { imageId, path: `${imageId}.jpg`, label, component: component ?? imageId };
  });
  const vectors = photos.flatMap(({ kind, spread }, row) => vectorNear(kind, `photo${row}`, spread));
  return trainSide(rows, Float32Array.from(vectors));
}

/** So many photos of each label, which look as they are labelled. */
export function labelled(labels: readonly string[], each: number): Drawn[] {
  return labels.flatMap((label, kind) => Array.from({ length: each }, () => ({ label, kind })));
}
