import { PipelineError } from '../errors.js';
import type { GalleryPhoto } from './format.js';
import type { Gallery } from './gallery.js';

/** What is looked for: a photo by its embedding, and which of the gallery's photos it is, if any. */
export interface SimilarQuery {
  embedding: ArrayLike<number>;
  index?: number | undefined;
}

export interface SimilarPhoto extends GalleryPhoto {
  /** Cosine of the embeddings' angle, −1..1. */
  similarity: number;
}

export interface SimilarOptions {
  /** At most so many. */
  count: number;
  /** Whether photos of the query's own component are found too; never the query itself. */
  withFamily?: boolean;
}

/**
 * A photo of the gallery as a query.
 * @throws {PipelineError} `NOT_FOUND` where it has none of this image id.
 */
export function queryOfImage(gallery: Gallery, imageId: string): SimilarQuery {
  const index = gallery.find(imageId);
  if (index !== undefined) return { index, embedding: gallery.embedding(index) };
  throw new PipelineError('NOT_FOUND', 'Expected an image of the gallery but it has none of this id', {
    key: imageId,
    hint: `Its ${gallery.length} photos are the run’s samples: \`pipeline why RUN ${imageId}\` tells what became of others.`,
  });
}

/** The photos of a gallery that are most similar to one, the most similar first. */
export function similarPhotos(
  gallery: Gallery,
  { embedding, index }: SimilarQuery,
  { count, withFamily = false }: SimilarOptions,
): SimilarPhoto[] {
  const near = gallery.nearest(embedding, {
    count,
    where: (other) => other !== index,
    ...(index !== undefined && !withFamily && { withoutComponent: gallery.component(index) }),
  });
  return near.map(({ index: found, similarity }) => ({ similarity, ...gallery.photo(found) }));
}
