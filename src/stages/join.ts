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

/** A row of the image table, and what is found out when a view names it. */
interface Entry {
  row: ImageRow;
  look?: Promise<void>;
  found?: Inside;
  /** Where its bytes are. */
  file?: string;
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
      const looked = async (view: View): Promise<View> => {
        const entry = table.get(view.imageId);
        if (entry === undefined) return view;
        entry.look ??= imagesRoot.look(entry.row.path).then((found) => {
          entry.found = found;
        });
        await entry.look;
        return view;
      };
      // Where no file is looked at nothing is waited for, and a promise a view would cost more than all else.
      const views: AsyncIterable<View> =
        photos === 'none' ? source : mapOrdered(source, looked, { concurrency: LOOKS_AT_ONCE, signal });
      let named = 0;
      for await (const view of views) {
        const entry = table.get(view.imageId);
        if (entry === undefined) {
          account.dropped(view.imageId, 'image-unknown', { detail: view.itemId });
          continue;
        }
        const { path } = entry.row;
        if (entry.file === undefined) {
          named += 1;
          entry.file = imagesRoot.placeOf(path);
          entry.found ??= staysInside(imagesRoot.path, path) ? 'there' : 'path-outside';
        }
        if (entry.found === 'path-outside') {
          account.quarantined(
            view.imageId,
            entry.found,
            `Expected a path inside images/small but received ${path}`,
          );
        } else if (entry.found === 'file-missing') {
          account.dropped(view.imageId, entry.found, { detail: path });
        } else {
          yield joinedView(view, entry.row, entry.file);
        }
      }
      account.orphans(table.size - named);
    },
  };
}

/** Field by field: a spread of as many takes twice as long as all else that is done for a view. */
function joinedView(view: View, { path, width, height }: ImageRow, file: string): JoinedView {
  const { imageId, role, itemId, marketplace, domain, country, attributes, listing, shard, line } = view;
  const joined: JoinedView = { imageId, role, itemId, attributes, listing, path, file, width, height };
  if (marketplace !== undefined) joined.marketplace = marketplace;
  if (domain !== undefined) joined.domain = domain;
  if (country !== undefined) joined.country = country;
  if (shard !== undefined) joined.shard = shard;
  if (line !== undefined) joined.line = line;
  return joined;
}

/** The table by image id; of several rows for one id the first counts. */
async function readTable(rows: AsyncIterable<ImageRow>, account: StageAccount): Promise<Map<string, Entry>> {
  const table = new Map<string, Entry>();
  for await (const row of rows) {
    const earlier = table.get(row.imageId)?.row;
    if (earlier === undefined) table.set(row.imageId, { row });
    else if (earlier.path !== row.path) {
      account.conflict(row.imageId, 'image-path-conflict', { detail: `${earlier.path} over ${row.path}` });
    }
  }
  return table;
}
