// Runs every bench, or those named as arguments, on one set of photos.
import { availableParallelism, cpus, loadavg } from 'node:os';
import advise from './advise.js';
import augment from './augment.js';
import backends from './backends.js';
import batches from './batches.js';
import cache from './cache.js';
import cacheBuild from './cache-build.js';
import { openData } from './data.js';
import decode from './decode.js';
import duplicates from './duplicates.js';
import frozen from './frozen.js';
import headAccuracy from './head-accuracy.js';
import heads from './heads.js';
import hierarchy from './hierarchy.js';
import iterations from './iterations.js';
import limited from './limited.js';
import listings from './listings.js';
import listingsPeers from './listings-peers.js';
import scale from './scale.js';
import serve from './serve.js';
import trainer from './trainer.js';
import training from './training.js';
import trunk from './trunk.js';
import unfreezing from './unfreezing.js';
import views from './views.js';

/** Run when nothing is named. */
const usual = { decode, augment, cache, batches, listings, training };
/** Minutes long, or beside peers that must be installed: only when named. */
const benches = {
  ...usual,
  'listings-peers': listingsPeers,
  'cache-build': cacheBuild,
  trainer,
  scale,
  limited,
  backends,
  duplicates,
  frozen,
  heads,
  advise,
  serve,
  // Hours: accuracy, no times.
  'head-accuracy': headAccuracy,
  iterations,
  views,
  hierarchy,
  unfreezing,
  trunk,
};
const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`Expected some of ${Object.keys(benches).join(', ')} but received ${unknown.join(', ')}`);
  process.exit(2);
}

const load = loadavg()[0].toFixed(1);
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores, load ${load} at the start`,
);
const started = performance.now();
const data = await openData();
try {
  console.log(
    `${data.files.length} photos and ${data.listings} listings of ${data.synthetic ? 'a SYNTHETIC dump: the figures say nothing about a real catalogue' : data.root}`,
  );
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length === 0 ? name in usual : names.includes(name)) await bench(data);
  }
} finally {
  await data.dispose();
}
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} seconds in all`);
