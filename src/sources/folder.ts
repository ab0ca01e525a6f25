import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { PipelineError } from '../errors.js';
import type { EventBus } from '../events.js';
import { presentIdentity } from './files-identity.js';
import { imagesInFolder } from './images-root.js';
import { photosIn } from './photo-folders.js';
import type { ImageRow, RawRow, Source } from './source.js';

/** The attribute that a photo's folder is the value of. */
export const FOLDER_ATTRIBUTE = 'label';

/** Folders that hold classes of their own: a data set that somebody has split already. */
const SIDE = /^(train|training|val|valid|validation|dev|test|testing)$/i;

export interface FolderOptions {
  dir: string;
  signal?: AbortSignal;
  events?: EventBus;
}

/**
 * Opens class-per-folder photos: `CLASS/…/photo.jpg`. Each photo is an item of its own, and `label` is its class; a photo in no folder has none.
 * Where all folders are called like sides of a split (`train/CLASS/…`), the classes are those inside; sides are drawn anew.
 * @throws {PipelineError} `DUMP_MISSING` when there is no such folder, `DUMP_EMPTY` when no folder in it has photos, `ABORTED`.
 */
export async function folderSource({
  dir,
  signal = new AbortController().signal,
  events,
}: FolderOptions): Promise<Source> {
  const root = resolve(dir);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) {
    throw new PipelineError(
      'DUMP_MISSING',
      `Expected a folder of class folders at ${root} but there is none`,
      {
        hint: 'Each folder in it is a class and holds its photos.',
      },
    );
  }
  const paths = (await photosIn([root], signal)).map((path) => relative(root, path).replaceAll(sep, '/'));
  const tops = new Set(paths.filter((path) => path.includes('/')).map((path) => path.split('/', 1)[0]!));
  if (tops.size === 0) {
    throw new PipelineError('DUMP_EMPTY', `Expected photos in class folders in ${root} but found none`, {
      hint: 'Photos are .jpg, .png, .webp, .gif, .tif or .avif files, in a folder a class: CHAIR/1.jpg.',
    });
  }
  const split = tops.size > 1 && [...tops].every((name) => SIDE.test(name));
  if (split) {
    const text = `The folders ${[...tops].join(', ')} are taken for sides, those in them for classes; all photos are split anew, by component`;
    events?.emit({ type: 'message', level: 'info', text });
  }
  const depth = split ? 1 : 0;
  const identity = (during: AbortSignal) => presentIdentity(paths, root, during);
  return {
    kind: 'folder',
    name: dir,
    root,
    imagesRoot: { ...imagesInFolder(root), identity },
    async *rows(): AsyncGenerator<RawRow> {
      for (const path of paths) {
        const label = path.split('/').slice(0, -1)[depth] ?? null;
        const row = { item_id: path, main_image_id: path, [FOLDER_ATTRIBUTE]: label };
        yield { text: JSON.stringify(row), shard: path, line: 1 };
      }
    },
    count: async () => paths.length,
    async *images(): AsyncGenerator<ImageRow> {
      for (const path of paths) yield { imageId: path, path, width: 0, height: 0 };
    },
    identity: () => identity(signal),
  };
}
