// What a step costs on TensorFlow's own library, on WebAssembly, and in Python on the same library: each side in a
// process of its own, in turns. `npm run bench -- backends`; Python is taken from ABO_PYTHON (default: python3).
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { backends as all } from '#src/models/backends/index.js';
import { median } from './measure.js';

const ROUNDS = 3;
const WORKS = [
  { work: 'vgg16 forward', batch: 8, steps: 3 },
  { work: 'vgg16 block5 + head', batch: 8, steps: 3 },
  { work: 'mobilenet forward', batch: 32, steps: 4 },
  { work: 'mobilenet all', batch: 32, steps: 3 },
];
/** WebAssembly's memory has an end: MobileNet's whole training fits a smaller batch. */
const WASM_BATCH = { 'mobilenet all': 8, 'vgg16 block5 + head': 4 };

export default async function backends() {
  const python = process.env.ABO_PYTHON ?? 'python3';
  const installed = all.some(({ name, isInstalled }) => name === 'tensorflow' && isInstalled?.() !== false);
  if (!installed) {
    console.log('\nSKIPPED: the backend tensorflow is not installed (pipeline backend install tensorflow)');
    return;
  }
  const peer = canRun(python, ['-c', 'import keras, tensorflow; print(tensorflow.__version__)']);
  if (peer === undefined)
    console.log(`\nSKIPPED the peer: ${python} has no keras and tensorflow (ABO_PYTHON names another)`);
  for (const asked of WORKS) {
    const { work, batch } = asked;
    const sides = {
      tensorflow: () => node('tensorflow', asked),
      ...(peer !== undefined && {
        [`python ${peer.trim()}`]: () => run(python, [file('peers/keras_steps.py'), JSON.stringify(asked)]),
      }),
      ...Object.fromEntries(
        [1, 2].map((threads) => [
          `wasm, ${threads} thread${threads === 1 ? '' : 's'}`,
          () => node('wasm', { ...asked, batch: WASM_BATCH[work] ?? batch, steps: 1, threads }),
        ]),
      ),
    };
    report(work, batch, sides);
  }
}

/** Milliseconds a photo, so that batches of other sizes can be compared. */
function report(work, batch, sides) {
  const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  const peaks = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const { milliseconds, peakBytes } = side();
      const photos = name.startsWith('wasm') ? (WASM_BATCH[work] ?? batch) : batch;
      times[name].push(median(milliseconds) / photos);
      peaks[name] = Math.max(peaks[name] ?? 0, peakBytes);
    }
  }
  console.log(
    `\n${work}, 224 × 224, batches of ${batch}${WASM_BATCH[work] ? ` (wasm: ${WASM_BATCH[work]})` : ''}`,
  );
  const [subject] = Object.keys(sides);
  for (const [name, values] of Object.entries(times)) {
    const ratios = values.map((value, round) => value / times[subject][round]);
    const compared = name === subject ? '' : `   ${spread(ratios, 2)} times the time of ${subject}`;
    console.log(
      `  ${name.padEnd(15)} ${spread(values, 1)} ms a photo, peak ${Math.round(peaks[name] / 1e6)} MB${compared}`,
    );
  }
}

function spread(values, digits) {
  const text = (value) => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))}..${text(Math.max(...values))})`;
}

function node(backend, asked) {
  return run(process.execPath, [file('backend-steps.js'), JSON.stringify({ ...asked, backend })]);
}

function run(command, args) {
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(text.trim().split('\n').at(-1));
}

function canRun(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

function file(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
