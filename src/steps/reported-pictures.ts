import sharp from 'sharp';
import type { AugmentationRecipe } from '../augment/schema.js';
import type { Recipe } from '../recipe.js';
import type { Sample } from '../records.js';
import { contactSheet } from '../sinks/contact-sheet.js';
import type { AugmentationReport, Pixels } from '../sinks/report/data.js';
import type { TensorCache } from '../sinks/tensor-cache/cache.js';
import type { TaskSamples } from './cache.js';

/** Rows and columns of a report's contact sheet, and a photo's longest side in pixels. */
const PHOTOS = 5;
const VIEWS = 7;
const EDGE = 96;
const QUALITY = 80;

/** Looks samples' photos up in a pixel cache: those of the task, by their paths. */
export function pixelsIn(cache: TensorCache, { samples }: TaskSamples): (path: string) => Pixels | undefined {
  const hashes = new Map(samples.map(({ path, sha256 }) => [path, sha256]));
  return (path) => {
    const key = cache.keyOf(hashes.get(path) ?? '');
    if (key === undefined || cache.identity.kind !== 'pixels') return undefined;
    const { height, width } = cache.identity;
    const values = new Uint8Array(3 * height * width);
    cache.read(key, values);
    return { height, width, values };
  };
}

/**
 * Some training photos and what the recipe makes of them; undefined where it augments nothing. Classes take turns, photos
 * are drawn by their hash.
 */
export async function augmentedPhotos(
  cache: TensorCache,
  { augmentation, seed }: Recipe,
  { samples }: TaskSamples,
): Promise<AugmentationReport | undefined> {
  const keys = variedKeys(cache, samples);
  if (augmentation === undefined || keys.length === 0 || cache.identity.kind !== 'pixels') return undefined;
  const { height, width } = cache.identity;
  const scale = Math.min(1, EDGE / Math.max(height, width));
  const size = { height: Math.round(height * scale), width: Math.round(width * scale) };
  const { png } = await contactSheet(cache, { augmentation, seed, photos: keys, views: VIEWS, size });
  const { data, info } = await sharp(png).jpeg({ quality: QUALITY }).toBuffer({ resolveWithObject: true });
  return {
    jpeg: data,
    height: info.height,
    width: info.width,
    photos: keys.length,
    views: VIEWS,
    recipe: sectionText(augmentation),
  };
}

function variedKeys(cache: TensorCache, samples: readonly Sample[]): number[] {
  const first = new Map<string, Sample>();
  for (const sample of samples) {
    const earlier = first.get(sample.label);
    if (sample.split === 'train' && (earlier === undefined || sample.sha256 < earlier.sha256)) {
      first.set(sample.label, sample);
    }
  }
  const drawn = [...first.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  return drawn.flatMap(({ sha256 }) => cache.keyOf(sha256) ?? []).slice(0, PHOTOS);
}

function sectionText(augmentation: AugmentationRecipe): string {
  return JSON.stringify(augmentation).replaceAll('"', '').slice(1, -1).replaceAll(',', ', ');
}
