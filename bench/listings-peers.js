// The peers' job on a dump of ABO's full shape: listings and image table → one row an image, as Parquet. Then a whole
// curation of it, and of a quarter of it, in processes of their own.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join as joinPath, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { curateAsPeers } from './listings-job.js';
import { measure } from './measure.js';
import { asSides, PYTHON, startSharedPeer } from './peer.js';

const { env } = process;
const SHARED = env.ABO_SHARED ?? '../shared';
const CORES = 2;
const PEERS = ['duckdb', 'polars', 'pandas'];
/** By how much the smaller dump of the curation is smaller. */
const SMALLER = 4;

export default async function listingsPeers({ folder }) {
  const maker = joinPath(SHARED, 'peers/listings_make.py');
  if (!existsSync(maker)) {
    console.log(`\nSKIPPED: no ${maker} (ABO_SHARED names its folder's)`);
    return;
  }
  const draw = (out, ...more) => execFileSync(PYTHON.listings, ['-B', maker, out, ...more]);
  const dump = resolve(env.ABO_LISTINGS ?? joinPath(folder, 'full'));
  if (!existsSync(dump)) draw(dump);
  await besidePeers({ dump, folder });
  const smaller = joinPath(folder, 'smaller');
  draw(smaller, '--small', String(SMALLER));
  console.log(
    '\nA whole curation: components, conflicts, the full ledger, photos and samples as Parquet and JSON lines',
  );
  const whole = await curation({ dump, folder, atLeast: 1500 });
  const part = await curation({ dump: smaller, folder, atLeast: 1500 / SMALLER });
  const times = (name) => (whole[name] / part[name]).toFixed(2);
  console.log(
    `  of ${SMALLER} times the listings: ${times('seconds')} times the time, ${times('megabytes')} times the memory`,
  );
}

async function besidePeers({ dump, folder }) {
  const out = (name) => joinPath(folder, `listings-${name}.parquet`);
  const peers = [];
  for (const peer of PEERS)
    peers.push(await startSharedPeer('listings', 'listings', peer, { dump, cores: CORES, out: out(peer) }));
  const ledger = joinPath(folder, 'ledger.jsonl.gz');
  const ours = () => curateAsPeers({ dump, out: out('ours'), ledger, cores: CORES });
  await measure(
    'Listings of ABO’s full shape → one row an image, at least 1,500 a class, capped, split, Parquet',
    { 'abo-pipeline, with ledger and quarantine': ours, ...asSides(peers) },
    { unit: 'listings/s', rounds: 3, warm: false },
  );
  for (const peer of ['ours', ...PEERS]) {
    if (existsSync(out(peer))) console.log(`  ${peer}: ${checksum(out(peer))}`);
  }
  for (const peer of peers) await peer?.stop();
}

/** `pipeline curate` of a dump without photos, as a whole process; prints and gives its time and memory. */
async function curation({ dump, folder, atLeast }) {
  const recipe = joinPath(folder, 'listings.yaml');
  const run = joinPath(folder, 'curated');
  const task = `tasks: { product_type: { minPerClass: ${atLeast}, cap: 2000 } }`;
  const model = 'model: { network: mobilenet, phases: [{ train: head, epochs: 1, learningRate: 0.001 }] }';
  writeFileSync(recipe, `name: listings\nsource: { photos: none }\n${task}\n${model}\n`);
  rmSync(run, { recursive: true, force: true });
  const pipeline = fileURLToPath(new URL('../bin/pipeline', import.meta.url));
  const options = ['--recipe', recipe, '--source', dump, '--out', run, '--workers', String(CORES), '--quiet'];
  const child = spawn(process.execPath, [pipeline, 'curate', ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((ended) => child.on('close', ended));
  if (code !== 0) throw new Error(`pipeline curate ended with ${code}`);
  const { seconds, peakMemoryBytes, stages } = JSON.parse(
    readFileSync(joinPath(run, 'summary.json'), 'utf8'),
  );
  const of = (name) => stages.find((stage) => stage.name === name);
  const megabytes = peakMemoryBytes / 1e6;
  console.log(
    `  ${of('parse').in} listings, ${of('join').out} views, ${of('deduplicate').out} photos: ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`,
  );
  return { seconds, megabytes };
}

/** Rows, classes, train rows and a checksum over all, as the peers' script takes it. */
function checksum(file) {
  const code =
    'import sys; sys.path.insert(0, sys.argv[1]); import listings; print(*listings.checksum(sys.argv[2]))';
  const scripts = resolve(SHARED, 'peers');
  return execFileSync(PYTHON.listings, ['-B', '-c', code, scripts, file], { encoding: 'utf8' }).trim();
}
