import { z } from 'zod';
import type { Side } from '../records.js';

/** The folder of a gallery within its model's. */
export const GALLERY = 'gallery';

/** What lies in it. */
export const FILES = {
  /** `GalleryDescription`. */
  description: 'gallery.json',
  /** A `GalleryRow` a line. */
  photos: 'photos.jsonl',
  /** int8 [photos × width]: each photo's embedding by its direction, its greatest number at ±127. */
  embeddings: 'embeddings.npy',
  /** A small JPEG of each photo that could be read, in the photos' order. */
  thumbnails: 'thumbnails.tar',
} as const;

/** NumPy's name of the embeddings' type. */
export const DTYPE = '|i1';

/** Longest side of a thumbnail, in pixels. */
export const THUMBNAIL_EDGE = 96;

export const descriptionSchema = z.object({
  schemaVersion: z.literal(1),
  /** The model whose embeddings these are: the name of its folder in RUN/model. */
  model: z.string(),
  /** The tasks whose models give the very same: those on one frozen base. */
  tasks: z.array(z.string()),
  photos: z.int().min(1),
  /** Whose they are; absent where that is not known. */
  origin: z.enum(['abo', 'drawn']).exactOptional(),
  /** Numbers in an embedding. */
  width: z.int().min(1),
});
export type GalleryDescription = z.output<typeof descriptionSchema>;

/** What a gallery knows of a photo. */
export interface GalleryPhoto {
  imageId: string;
  path: string;
  /** Of the file's bytes, hex. */
  sha256: string;
  /** All photos of one are of one item or family, and on one side. */
  component: string;
  split: Side;
  /** By task; those that it is no sample of are absent. */
  labels: Record<string, string>;
  /** All items that show it; absent where samples were given, as they do not say it. */
  items?: readonly string[];
  /** All image ids of this picture, where there are several. */
  images?: readonly string[];
}

export interface GalleryRow extends GalleryPhoto {
  /** Where its thumbnail's bytes are: the first, and how many. */
  thumbnail?: readonly [number, number];
}
