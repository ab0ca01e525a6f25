import { mapOrdered } from '../concurrency.js';
import { type Inside, staysInside } from '../inside.js';
import type { JoinedView, View } from '../records.js';
import type { ImageRow, ImagesRoot, RefuseRow } from '../sources/source.js';
import type { Stage, StageAccount } from '../stage.js';
import { blocksOf, inBlocks } from '../streams.js';

export interface JoinOptions {
  images: (refuse: RefuseRow) => AsyncIterable<ImageRow>;
  /** What the table's paths are relative to. */
  imagesRoot: ImagesRoot;
  /** `none` trusts the table; otherwise each path is looked at once. */
  photos: 'decode' | 'stat' | 'none';
}

const LOOKS_AT_ONCE = 16;

/** A row of the image table, and what is found out when a view names it: one object, as each more is a look into memory. */
interface Entry extends ImageRow {
  look: Promise<void> | undefined;
  found: Inside | undefined;
  /** Where its bytes are. */
  file: string | undefined;
}

/**
 * Views + image table → views with their photo's path and size. Holds the table, as one map by image id. An image
 * that the table does not know, or whose file is not there, drops the view; a path that leaves `imagesRoot`, through a
 * symbolic link too, quarantines it. Rows of the table that no view names are the stage's orphans; those that are none are
 * noted in the ledger, and their number is said.
 */
export function join({ images, imagesRoot, photos }: JoinOptions): Stage<View, JoinedView> {
  return {
    name: 'join',
    run: (source, { account, events, signal }) =>
      inBlocks(async function* () {
        let refused = 0;
        const table = await readTable(
          images((line, why) => {
            refused += 1;
            account.conflict(`images.csv:${line}`, 'image-row-invalid', { detail: why });
          }),
          account,
        );
        if (refused > 0) {
          const text = `The image table has ${refused} rows that cannot be read and are passed over: image-row-invalid in the ledger names them`;
          events.emit({ type: 'message', level: 'warning', text });
        }
        let named = 0;
        /** The view with its photo; undefined, with a word in the ledger, where there is none. */
        const joined = (view: View): JoinedView | undefined => {
          const entry = table.get(view.imageId);
          if (entry === undefined) {
            account.dropped(view.imageId, 'image-unknown', { detail: view.itemId });
            return undefined;
          }
          const { imageId, path } = entry;
          if (entry.file === undefined) {
            named += 1;
            entry.file = imagesRoot.placeOf(path);
            entry.found ??= staysInside(imagesRoot.path, path) ? 'there' : 'path-outside';
          }
          if (entry.found === 'there') return joinedView(view, entry, entry.file);
          if (entry.found === 'file-missing') account.dropped(imageId, entry.found, { detail: path });
          else {
            const fault = `Expected a path inside the photos’ folder but received ${path}`;
            account.quarantined(imageId, 'path-outside', fault);
          }
          return undefined;
        };
        const looked = async (view: View): Promise<View> => {
          const entry = table.get(view.imageId);
          if (entry === undefined) return view;
          entry.look ??= imagesRoot.look(entry.path).then((found) => {
            entry.found = found;
          });
          await entry.look;
          return view;
        };
        // Where no file is looked at nothing is waited for, and a promise a view would cost more than all else.
        const views: AsyncIterable<View> =
          photos === 'none' ? source : mapOrdered(source, looked, { concurrency: LOOKS_AT_ONCE, signal });
        for await (const block of blocksOf(views)) {
          const some: JoinedView[] = [];
          for (const view of block) {
            const one = joined(view);
            if (one !== undefined) some.push(one);
          }
          if (some.length > 0) yield some;
        }
        account.orphans(table.size - named);
      }),
  };
}

/**
 * Field by field: a spread of as many takes twice as long as all else that is done for a view. The table's own text of
 * the image id is held once for all views.
 */
function joinedView(view: View, { imageId, path, width, height }: ImageRow, file: string): JoinedView {
  const { role, itemId, marketplace, domain, country, attributes, listing, shard, line } = view;
  return {
    imageId,
    role,
    itemId,
    attributes,
    listing,
    path,
    file,
    width,
    height,
    marketplace,
    domain,
    country,
    shard,
    line,
  };
}

/** The table by image id; of several rows for one id the first counts. */
async function readTable(rows: AsyncIterable<ImageRow>, account: StageAccount): Promise<Map<string, Entry>> {
  const table = new Map<string, Entry>();
  for await (const block of blocksOf(rows)) {
    for (const row of block) {
      const { imageId, path, width, height } = row;
      const earlier = table.get(imageId);
      if (earlier === undefined) {
        table.set(imageId, {
          imageId,
          path,
          width,
          height,
          look: undefined,
          found: undefined,
          file: undefined,
        });
      } else if (earlier.path !== path) {
        account.conflict(imageId, 'image-path-conflict', { detail: `${earlier.path} over ${path}` });
      }
    }
  }
  return table;
}
