// `pipeline serve` under load: 200 clients at once, with and without micro-batches, and more than it takes in.
// `npm run bench -- serve`; ABO_SERVE_RUN names a run, else one is trained on the sample with MobileNet from ABO_SHARED.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLIENTS = 200;
const REQUESTS = 1000;
/** So many are not measured: threads start, code is compiled. */
const WARM = 50;
const PIPELINE = fileURLToPath(new URL('../bin/pipeline', import.meta.url));

export default async function serve({ root, folder, files, synthetic }) {
  const run = process.env['ABO_SERVE_RUN'] ?? makeRun({ root, out: join(folder, 'serve') });
  const photos = await Promise.all(files.slice(0, 128).map((file) => readFile(file)));
  const bytes = photos.reduce((sum, { length }) => sum + length, 0) / photos.length / 1024;
  console.log(
    `\nServing ${run}${synthetic ? ' (SYNTHETIC)' : ''}, photos of ${bytes.toFixed(0)} KB in the mean`,
  );
  const sides = {
    [`${CLIENTS} clients, batches of 16`]: [],
    [`${CLIENTS} clients, one photo a batch`]: ['--batch', '1'],
    [`${CLIENTS} clients, room for 50`]: ['--queue', '50'],
  };
  for (const [name, args] of Object.entries(sides)) {
    const server = await start(run, args);
    try {
      await load(server.url, photos, { requests: WARM, clients: 8 });
      print(name, await load(server.url, photos, { requests: REQUESTS, clients: CLIENTS }), server);
    } finally {
      server.child.kill('SIGTERM');
      await once(server.child, 'exit');
    }
  }
}

function makeRun({ root, out }) {
  const shared = resolve(process.env['ABO_SHARED'] ?? '../shared');
  const weights = join(shared, 'mobilenet_v1_0.75_224');
  const recipe = existsSync(weights) ? 'mobilenet' : 'demo';
  execFileSync(process.execPath, [
    ...[PIPELINE, 'train', '--recipe', fileURLToPath(new URL(`../recipes/${recipe}.yaml`, import.meta.url))],
    ...['--source', root, '--out', out, '-q', '--set', 'model.phases.0.epochs=1'],
    ...(recipe === 'mobilenet' ? ['--weights', weights] : []),
  ]);
  return out;
}

async function start(run, args) {
  const child = spawn(
    process.execPath,
    [PIPELINE, 'serve', '--model', run, '--port', '0', '--json', '-q', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, ...JSON.parse(line) };
}

/** Clients that each ask again as soon as they are answered. */
async function load(url, photos, { requests, clients }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const answers = [];
  let asked = 0;
  const started = performance.now();
  const client = async () => {
    while (asked < requests) answers.push(await post(url, agent, photos[asked++ % photos.length]));
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { answers, seconds };
}

function post(url, agent, photo) {
  const started = performance.now();
  return new Promise((settle) => {
    const end = (status) => settle({ status, milliseconds: performance.now() - started });
    const headers = { 'content-type': 'image/jpeg', 'content-length': photo.length };
    request(`${url}/v1/predict`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => end(response.statusCode));
    })
      .on('error', ({ code }) => end(code))
      .end(photo);
  });
}

function print(name, { answers, seconds }, { backend }) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  const times = answers.filter(({ status }) => status === 200).map(({ milliseconds }) => milliseconds);
  times.sort((a, b) => a - b);
  const at = (share) =>
    `${times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(0)} ms`;
  const statuses = Object.entries(counts).map(([status, count]) => `${count} × ${status}`);
  console.log(
    `  ${name} (${backend.name}): ${statuses.join(', ')}; ${(times.length / seconds).toFixed(0)} photos/s; p50 ${at(0.5)}, p99 ${at(0.99)}`,
  );
}
