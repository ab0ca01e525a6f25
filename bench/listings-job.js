// The peers' job by our stages: listings and image table of a dump → one row an image, as Parquet, with the ledger.
import { createContext } from '#src/context.js';
import { listingThreads } from '#src/listings/threads.js';
import { ledgerFile } from '#src/sinks/ledger.js';
import { writeParquet } from '#src/sinks/parquet.js';
import { aboSource } from '#src/sources/abo.js';
import { runStage } from '#src/stage.js';
import { explode } from '#src/stages/explode.js';
import { join } from '#src/stages/join.js';
import { parse } from '#src/stages/parse.js';
import { blocksOf, mapBlocks } from '#src/streams.js';

/** The peers' rule. */
const AT_LEAST = 1500;
const CAP = 2000;
const NEEDS = ['product_type', 'item_name', 'color', 'brand', 'node'];
const COLUMNS = {
  item_id: 'text',
  country: 'text?',
  product_type: 'text',
  item_name: 'text?',
  color: 'text?',
  brand: 'text?',
  node: 'text?',
  image_id: 'text',
  height: 'int',
  width: 'int',
  path: 'text',
  split: 'text',
};

/** First listing wins, images of a class by id: not how the product resolves and draws, but what peers can do too. */
export async function curateAsPeers({ dump, out, ledger: file, cores }) {
  const ledger = ledgerFile(file);
  const context = createContext({ workers: cores }, { ledger });
  const source = await aboSource({ dir: dump });
  const threads = listingThreads({ workers: cores, needs: NEEDS });
  const parsed = runStage(parse(), source.rows(context.signal, threads.cut), context);
  const views = runStage(explode({ views: 'all' }), parsed, context);
  const images = () => source.images(context.signal);
  const joined = runStage(join({ images, imagesRoot: source.imagesRoot, photos: 'none' }), views, context);
  const first = runStage(firstViews(), joined, context);
  const classes = new Map();
  for await (const views of blocksOf(first)) {
    for (const view of views) {
      const type = attributeOf(view, 'product_type');
      if (!classes.has(type)) classes.set(type, []);
      classes.get(type).push(view);
    }
  }
  await threads.close();
  const listings = context.counts.find(({ name }) => name === 'parse').in;
  const rows = [...classes]
    .filter(([type, all]) => type !== undefined && all.length >= AT_LEAST)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([type, all]) => {
      all.sort((a, b) => (a.imageId < b.imageId ? -1 : 1));
      for (const { imageId } of all.slice(CAP)) {
        ledger.write({ stage: 'balance', key: imageId, fate: 'capped', reason: 'class-cap' });
      }
      return all.slice(0, CAP).map((view, index) => rowOf(view, type, index));
    });
  for (const [, all] of [...classes].filter(([, some]) => some.length < AT_LEAST)) {
    for (const { imageId } of all) {
      ledger.write({ stage: 'label', key: imageId, fate: 'dropped', reason: 'class-too-small' });
    }
  }
  await ledger.close();
  await writeParquet(out, COLUMNS, rows);
  return listings;
}

/** Joined views → the first of each image; the others are merged into it. */
function firstViews() {
  return {
    name: 'first',
    run(source, { account }) {
      const seen = new Set();
      const isFirst = ({ itemId, imageId }) => {
        if (!seen.has(imageId)) return seen.add(imageId);
        account.merged(`${itemId}/${imageId}`, 'same-image', imageId);
        return false;
      };
      return mapBlocks(source, (views) => views.filter(isFirst));
    },
  };
}

function attributeOf({ attributes }, name) {
  return attributes[name]?.[0].value;
}

function rowOf(view, type, index) {
  const { itemId, country, imageId, height, width, path } = view;
  const text = (name) => attributeOf(view, name);
  return {
    item_id: itemId,
    country,
    product_type: type,
    item_name: text('item_name'),
    color: text('color'),
    brand: text('brand'),
    node: text('node'),
    image_id: imageId,
    height,
    width,
    path,
    split: index % 4 === 3 ? 'validation' : 'train',
  };
}
