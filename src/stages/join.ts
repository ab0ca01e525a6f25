import { mapOrdered } from '../concurrency.js';
import { type Inside, staysInside } from '../inside.js';
import type { JoinedView, View } from '../records.js';
import type { ImageRow, ImagesRoot } from '../sources/source.js';
import type { Stage, StageAccount } from '../stage.js';

export interface JoinOptions {
  images: () => AsyncIterable<ImageRow>;
  /** What the table's paths are relative to. */
  imagesRoot: ImagesRoot;
  /** `none` trusts the table; otherwise each path is looked at once. */
  photos: 'decode' | 'stat' | 'none';
}

const LOOKS_AT_ONCE = 16;

interface Matched {
  view: View;
  row: ImageRow | undefined;
  look: Inside | undefined;
}

/**
 * Views + image table → views with their photo's path and size. Holds the table, as one map by image id. An image
 * that the table does not know, or whose file is not there, drops the view; a path that leaves `imagesRoot`, through a
 * symbolic link too, quarantines it. Rows of the table that no view names are the stage's orphans.
 */
export function join({ images, imagesRoot, photos }: JoinOptions): Stage<View, JoinedView> {
  return {
    name: 'join',
    async *run(source, { account, signal }) {
      const table = await readTable(images(), account);
      const named = new Set<string>();
      const looks = new Map<string, Promise<Inside>>();
      const look = (path: string): Promise<Inside> => {
        let found = looks.get(path);
        if (found === undefined) {
          found = imagesRoot.look(path);
          looks.set(path, found);
        }
        return found;
      };
      async function* trusted(): AsyncGenerator<Matched> {
        for await (const view of source) {
          const row = table.get(view.imageId);
          if (row === undefined) yield { view, row, look: undefined };
          else yield { view, row, look: staysInside(imagesRoot.path, row.path) ? 'there' : 'path-outside' };
        }
      }
      // Where no file is looked at nothing is waited for, and a promise a view would cost more than all else.
      const matched: AsyncIterable<Matched> =
        photos === 'none'
          ? trusted()
          : mapOrdered(
              source,
              async (view) => {
                const row = table.get(view.imageId);
                return { view, row, look: row === undefined ? undefined : await look(row.path) };
              },
              { concurrency: LOOKS_AT_ONCE, signal },
            );
      for await (const { view, row, look: found } of matched) {
        if (row === undefined) {
          account.dropped(view.imageId, 'image-unknown', { detail: view.itemId });
          continue;
        }
        named.add(view.imageId);
        if (found === 'path-outside') {
          account.quarantined(
            view.imageId,
            found,
            `Expected a path inside images/small but received ${row.path}`,
          );
        } else if (found === 'file-missing') {
          account.dropped(view.imageId, found, { detail: row.path });
        } else {
          const { path, width, height } = row;
          yield { ...view, path, file: imagesRoot.placeOf(path), width, height };
        }
      }
      account.orphans(table.size - named.size);
    },
  };
}

/** The table by image id; of several rows for one id the first counts. */
async function readTable(
  rows: AsyncIterable<ImageRow>,
  account: StageAccount,
): Promise<Map<string, ImageRow>> {
  const table = new Map<string, ImageRow>();
  for await (const row of rows) {
    const earlier = table.get(row.imageId);
    if (earlier === undefined) table.set(row.imageId, row);
    else if (earlier.path !== row.path) {
      account.conflict(row.imageId, 'image-path-conflict', { detail: `${earlier.path} over ${row.path}` });
    }
  }
  return table;
}
