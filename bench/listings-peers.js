// The peers' job on a dump of ABO's full shape: listings and image table → one row an image, as Parquet. Then a whole curation.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join as joinPath, resolve } from 'node:path';
import { createContext } from '#src/context.js';
import { listingThreads } from '#src/listings/threads.js';
import { ledgerFile } from '#src/sinks/ledger.js';
import { writeParquet } from '#src/sinks/parquet.js';
import { aboSource } from '#src/sources/abo.js';
import { runStage } from '#src/stage.js';
import { explode } from '#src/stages/explode.js';
import { join } from '#src/stages/join.js';
import { parse } from '#src/stages/parse.js';
import { measure } from './measure.js';
import { asSides, PYTHON, startSharedPeer } from './peer.js';

const { env } = process;
const SHARED = env.ABO_SHARED ?? '../shared';
const CORES = 2;
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

export default async function listingsPeers({ folder }) {
  const maker = joinPath(SHARED, 'peers/listings_make.py');
  if (!existsSync(maker)) {
    console.log(`\nSKIPPED: no ${maker} (ABO_SHARED names its folder's)`);
    return;
  }
  const dump = resolve(env.ABO_LISTINGS ?? joinPath(folder, 'full'));
  if (!existsSync(dump)) execFileSync(PYTHON.listings, [maker, dump]);
  const out = (name) => joinPath(folder, `listings-${name}.parquet`);
  const peers = [];
  for (const peer of ['duckdb', 'polars', 'pandas'])
    peers.push(await startSharedPeer('listings', 'listings', peer, { dump, cores: CORES, out: out(peer) }));
  const ours = () => curateAsPeers({ dump, out: out('ours'), ledger: joinPath(folder, 'ledger.jsonl.gz') });
  await measure(
    'Listings of ABO’s full shape → one row an image, at least 1,500 a class, capped, split, Parquet',
    { 'abo-pipeline, with ledger and quarantine': ours, ...asSides(peers) },
    { unit: 'listings/s', rounds: 3, warm: false },
  );
  for (const peer of ['ours', 'duckdb', 'polars', 'pandas']) {
    if (existsSync(out(peer))) console.log(`  ${peer}: ${checksum(out(peer))}`);
  }
  for (const peer of peers) await peer?.stop();
}

/** First listing wins, images of a class by id: not how the product resolves and draws, but what peers can do too. */
async function curateAsPeers({ dump, out, ledger: file }) {
  const ledger = ledgerFile(file);
  const context = createContext({ workers: CORES }, { ledger });
  const source = await aboSource({ dir: dump });
  const threads = listingThreads({ workers: CORES, needs: NEEDS });
  const parsed = runStage(parse(), source.rows(context.signal, threads.cut), context);
  const views = runStage(explode({ views: 'all' }), parsed, context);
  const images = () => source.images(context.signal);
  const joined = runStage(join({ images, imagesRoot: source.imagesRoot, photos: 'none' }), views, context);
  const first = runStage(firstViews(), joined, context);
  const classes = new Map();
  for await (const view of first) {
    const type = attributeOf(view, 'product_type');
    if (!classes.has(type)) classes.set(type, []);
    classes.get(type).push(view);
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
    async *run(source, { account }) {
      const seen = new Set();
      for await (const view of source) {
        if (seen.has(view.imageId)) {
          account.merged(`${view.itemId}/${view.imageId}`, 'same-image', view.imageId);
          continue;
        }
        seen.add(view.imageId);
        yield view;
      }
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

/** Rows, classes, train rows and a checksum over all, as the peers' script takes it. */
function checksum(file) {
  const code =
    'import sys; sys.path.insert(0, sys.argv[1]); import listings; print(*listings.checksum(sys.argv[2]))';
  const scripts = resolve(SHARED, 'peers');
  return execFileSync(PYTHON.listings, ['-B', '-c', code, scripts, file], { encoding: 'utf8' }).trim();
}
