import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../errors.js';
import type { Recipe } from '../recipe.js';
import { aboSource } from './abo.js';
import type { Opening } from './archive.js';
import { folderSource } from './folder.js';
import { recordsSource } from './records.js';
import type { Source } from './source.js';

export interface Place extends Partial<Opening> {
  /** The dump's root, the file of records or the folder of class folders. */
  path: string;
  /** Of records: what their photos' paths are relative to. */
  images?: string;
}

/**
 * Opens a catalogue of the kind that a recipe says.
 * @throws {PipelineError} `USAGE` for `images` where photos have their place, and as the kinds do.
 */
export async function openSource({ kind, image, item }: Recipe['source'], place: Place): Promise<Source> {
  const { path, images, ...opening } = place;
  if (kind === 'records') {
    const columns = { ...(image && { image }), ...(item && { item }) };
    return recordsSource({ file: path, ...(images && { images }), ...columns, ...opening });
  }
  if (images !== undefined) {
    throw new PipelineError('USAGE', 'Expected --images only with --source - or a recipe for records', {
      hint: `The photos of source.kind: ${kind} lie where it says.`,
    });
  }
  return kind === 'folder' ? folderSource({ dir: path, ...opening }) : aboSource({ dir: path, ...opening });
}

/** Opens whatever catalogue lies somewhere, for those who look before they have a recipe: a file is taken for records. */
export async function sourceAt(place: Place): Promise<Source> {
  return openSource({ kind: await kindAt(place.path), photos: 'decode' }, place);
}

const ABO = ['listings', 'abo-listings.tar', 'images', 'abo-images-small.tar'];

async function kindAt(path: string): Promise<Recipe['source']['kind']> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return 'records';
  for (const name of ABO) if (await stat(join(path, name)).catch(() => undefined)) return 'abo';
  const photos = await folderSource({ dir: path }).catch(() => undefined);
  return photos === undefined ? 'abo' : 'folder';
}
