// Labels that were flipped, found again: `advise` beside cleanlab, on the same out-of-fold probabilities, flips and photos, and
// beside cleanlab on its usual ones (logistic regression on the same features). `npm run bench -- advise`; the sample and
// MobileNet from ABO_SHARED, Python (cleanlab, scikit-learn) from ABO_PYTHON.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confidencesOf } from '#src/advise/confident.js';
import { kernelMatrix } from '#src/advise/kernel.js';
import { doubted } from '#src/advise/mislabelled.js';
import { outOfFold } from '#src/advise/out-of-fold.js';
import { exactSmoother } from '#src/advise/smoother.js';
import { supportOf } from '#src/advise/support.js';
import { trainSide } from '#src/advise/train-side.js';
import { uniform } from '#src/random.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const FLIPPED = 0.05;
const SHAPES = ['uniform', 'confusion'];
/** Of Student's distribution, two-sided 95 %, 9 degrees of freedom. */
const T = 2.262;
const { signal } = new AbortController();
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export default async function advise({ root, folder, synthetic }) {
  const shared = resolve(process.env['ABO_SHARED'] ?? '../shared');
  const python = process.env['ABO_PYTHON'] ?? 'python3';
  const weights = join(shared, 'mobilenet_v1_0.75_224');
  if (synthetic || !existsSync(weights)) {
    console.log('\nSKIPPED advise: no sample, or no MobileNet beside it (ABO_SHARED)');
    return;
  }
  try {
    execFileSync(python, ['-c', 'import cleanlab, sklearn'], { stdio: 'ignore' });
  } catch {
    console.log(`\nSKIPPED advise: ${python} has no cleanlab or scikit-learn (ABO_PYTHON names another)`);
    return;
  }
  // A run made before, with every photo of the sample's classes by its id, spares the features.
  const run = process.env['ABO_ADVISE_RUN'] ?? makeRun({ root, weights, out: join(folder, 'advise') });
  const task = process.env['ABO_ADVISE_TASK'] ?? 'product_type';
  const side = await allPhotos(run, task);
  const { photos, classes, labels: truth, vectors, groups } = side;
  const smoother = await exactSmoother(await kernelMatrix(side, { signal }), photos.length, { signal });
  const solve = (labels) => outOfFold(smoother, { labels, classes: classes.length, groups, signal });
  const confusion = confusionOf(await solve(truth), truth, classes.length);

  const draws = [];
  for (const shape of SHAPES) {
    for (const seed of SEEDS) {
      const { labels, flipped } = flip(side, {
        seed,
        confusion: shape === 'uniform' ? undefined : confusion,
      });
      const probabilities = await solve(labels);
      const own = { labels, classes: classes.length };
      const support = confidencesOf(supportOf(probabilities, own), own);
      draws.push({ shape, flipped, ours: { quality: support.self, flags: doubted(support, labels) } });
      const at = join(folder, `advise-${draws.length - 1}`);
      await writeFile(`${at}-labels.bin`, bytesOf(labels));
      await writeFile(`${at}-probabilities.bin`, bytesOf(probabilities));
    }
  }
  await writeFile(join(folder, 'advise-vectors.bin'), bytesOf(vectors));
  const asked = { folder, draws: draws.length, photos: photos.length, classes: classes.length };
  const said = execFileSync(python, [file('peers/advise.py'), JSON.stringify(asked)], { maxBuffer: 2 ** 28 });
  const { version, sides } = JSON.parse(said.toString());
  console.log(
    `\nFlipped labels found: ${photos.length} photos, ${classes.length} classes, ${count(draws[0].flipped)} flips, ${SEEDS.length} seeds; mean (least..greatest)`,
  );
  for (const shape of SHAPES) {
    const of = draws.flatMap((draw, index) => (draw.shape === shape ? [{ ...draw, index }] : []));
    const ours = of.map(({ flipped, ours }) => scores(ours, flipped));
    console.log(`  ${shape} flips`);
    print('abo-pipeline', ours);
    for (const [name, answers] of Object.entries(sides)) {
      const theirs = of.map(({ flipped, index }) => scores(answers[index], flipped));
      print(`${version}, ${name}`, theirs, ours);
    }
  }
}

function makeRun({ root, weights, out }) {
  const sets = ['deduplicate.same=[]', 'split.validation=0', 'split.test=0.05', 'model.mirror=true'];
  execFileSync(process.execPath, [
    ...[file('../bin/pipeline'), 'train', '--recipe', file('../recipes/mobilenet.yaml'), '--source', root],
    ...['--weights', weights, '--out', out, '-q', '--set', 'model.phases.0.epochs=1'],
    ...sets.flatMap((set) => ['--set', set]),
  ]);
  return out;
}

/** All of a run's samples, of whatever side, as if they were its train side: what is scored is drawn here. */
async function allPhotos(run, task) {
  const { steps } = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8'));
  const step = Object.keys(steps).find((name) => name.startsWith('features-'));
  const output = steps[step].outputs.find((one) => one.endsWith('data.mdb'));
  const cache = openCache(dirname(resolve(run, output)));
  const { length, mirrored } = cache.identity;
  const lines = (await readFile(join(run, `samples-${task}.jsonl`), 'utf8')).trim().split('\n');
  const samples = lines.map((line) => JSON.parse(line));
  const vectors = new Float32Array(samples.length * length);
  for (const [row, { sha256 }] of samples.entries()) {
    cache.read(cache.keyOf(sha256), new Uint8Array(vectors.buffer, 4 * row * length, 4 * length));
  }
  await cache.close();
  return trainSide(samples, vectors, { mirrored });
}

/** [class][predicted], counts out of fold. */
function confusionOf(probabilities, labels, classes) {
  const { best } = confidencesOf(probabilities, { labels, classes });
  const counts = Array.from({ length: classes }, () => new Array(classes).fill(0));
  for (const [row, label] of labels.entries()) counts[label][best[row]] += 1;
  return counts;
}

/** Gives drawn photos another class: any alike, or as often as the classes are confused, and half a time more. */
function flip({ photos, labels, classes }, { seed, confusion }) {
  const order = photos.map(({ path }, row) => ({ row, at: uniform(seed, 'flipped', path) }));
  order.sort((a, b) => a.at - b.at);
  const given = labels.slice();
  const flipped = new Array(photos.length).fill(false);
  for (const { row } of order.slice(0, Math.round(FLIPPED * photos.length))) {
    const label = labels[row];
    const weights = classes.map((_, k) =>
      k === label ? 0 : confusion === undefined ? 1 : confusion[label][k] + 0.5,
    );
    const upTo = weights.map((_, k) => weights.slice(0, k + 1).reduce((sum, weight) => sum + weight, 0));
    const drawn = uniform(seed, 'class', photos[row].path) * upTo.at(-1);
    given[row] = upTo.findIndex((sum) => drawn < sum);
    flipped[row] = true;
  }
  return { labels: given, flipped };
}

/** @param answer a quality for each photo, the lowest for the likeliest mistakes, and whether each is flagged. */
function scores({ quality, flags }, flipped) {
  const rows = [...flipped.keys()].sort((a, b) => quality[a] - quality[b] || a - b);
  const flips = count(flipped);
  const first = rows.slice(0, flips).filter((row) => flipped[row]).length / flips;
  const found = flags.filter((flag, row) => flag && flipped[row]).length;
  const flagged = count(flags);
  return {
    auroc: auroc(quality, flipped),
    first,
    precision: found / flagged,
    recall: found / flips,
    flagged,
  };
}

/** How often a flipped photo has a lower quality than another; a tie counts half. */
function auroc(quality, flipped) {
  const rows = [...flipped.keys()].sort((a, b) => quality[a] - quality[b]);
  let [above, below] = [0, 0];
  for (let at = 0; at < rows.length; ) {
    let end = at;
    while (end < rows.length && quality[rows[end]] === quality[rows[at]]) end += 1;
    const tied = rows.slice(at, end).filter((row) => flipped[row]).length;
    const others = end - at - tied;
    above += others * (below + tied / 2);
    below += tied;
    at = end;
  }
  const flips = count(flipped);
  return above / (flips * (rows.length - flips));
}

function print(name, own, ours) {
  const line = (key, digits) => {
    const values = own.map((one) => one[key]);
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
    const text = `${mean(values).toFixed(digits)} (${least}..${most})`;
    return ours === undefined || key === 'flagged' ? text : `${text}, ours ${paired(ours, own, key)}`;
  };
  console.log(`    ${name}`);
  console.log(`      AUROC ${line('auroc', 4)}; right among the first ${line('first', 3)}`);
  console.log(
    `      flagged ${line('flagged', 0)}: precision ${line('precision', 3)}; recall ${line('recall', 3)}`,
  );
}

/** The mean difference with its 95 % interval, by seeds. */
function paired(ours, theirs, key) {
  const differences = ours.map((one, index) => one[key] - theirs[index][key]);
  const middle = mean(differences);
  const variance =
    differences.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (differences.length - 1);
  const width = T * Math.sqrt(variance / differences.length);
  const signed = (value) => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
  return `${signed(middle)} (${signed(middle - width)} to ${signed(middle + width)})`;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const count = (flags) => flags.filter(Boolean).length;
const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
