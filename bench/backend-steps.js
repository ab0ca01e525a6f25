// One side of bench/backends.js, in a process of its own: some steps of one network on one backend, on random photos.
// Takes one JSON argument {"backend", "work", "batch", "steps", "threads"} and prints {"milliseconds": [...], "peakBytes"}.
import { startBackend } from '#src/models/backends/index.js';
import { buildClassifier, frozenLayers } from '#src/models/classifier.js';
import { cutModel } from '#src/models/cut.js';
import { trainEpoch } from '#src/models/epoch.js';
import { foldModel } from '#src/models/folded.js';
import { networks } from '#src/models/networks/index.js';
import { createOptimizer } from '#src/models/optimizers.js';

const SIZE = 224;
const CLASSES = 10;
const { backend, work, batch, steps, threads = 1 } = JSON.parse(process.argv[2]);
const started = await startBackend(backend, { threads });
const { tf } = started;
const network = networks[work.split(' ')[0]];
const photos = Float32Array.from({ length: batch * SIZE * SIZE * 3 }, () => Math.random());
const step = work.endsWith('forward') ? forward() : training();

await step();
const milliseconds = [];
for (let done = 0; done < steps; done++) {
  const begun = performance.now();
  await step();
  milliseconds.push(performance.now() - begun);
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ milliseconds, peakBytes })}\n`);
process.exit(0);

function forward() {
  const folded = foldModel(tf, network.build(tf, { height: SIZE, width: SIZE, alpha: alphaOf(), seed: 1 }));
  return async () => {
    const pooled = tf.tidy(() => folded.run(tf.tensor4d(photos, [batch, SIZE, SIZE, 3]))[0].mean([1, 2]));
    await pooled.data();
    pooled.dispose();
  };
}

function training() {
  const pretrained = work.startsWith('mobilenet') ? scaled() : undefined;
  const head = { units: [], dropout: 0, labelSmoothing: 0 };
  const options = { network, height: SIZE, width: SIZE, classes: CLASSES, head, seed: 1 };
  const model = buildClassifier(tf, { ...options, ...(pretrained && { pretrained }) });
  const train = work.endsWith('all') ? 'all' : { from: 'block5_conv1' };
  const phase = { train, epochs: 1, optimizer: 'momentum', learningRate: 0.001 };
  const cut = cutModel(tf, model, frozenLayers(model, network, phase));
  const optimizer = createOptimizer(tf, phase, cut.variables);
  const labels = Int32Array.from({ length: batch }, (_, row) => row % CLASSES);
  const feed = {
    async *batches() {
      yield { index: 0, size: batch, labels };
    },
    outputs: (some) => some.below(tf.tensor4d(photos, [batch, SIZE, SIZE, 3])),
  };
  const signal = new AbortController().signal;
  const samples = Array.from({ length: batch });
  return () =>
    trainEpoch({
      tf,
      cut,
      feed,
      optimizer,
      samples,
      batchSize: batch,
      labelSmoothing: 0,
      shuffle: { seed: 1, epoch: 1 },
      signal,
    });
}

function alphaOf() {
  return work.startsWith('mobilenet') ? 0.75 : 1;
}

/** The width multiplier comes with weights: those that the network draws by its seed. */
function scaled() {
  const base = network.build(tf, { height: SIZE, width: SIZE, alpha: alphaOf(), seed: 1 });
  const weights = new Map(
    base.layers.flatMap((layer) =>
      layer.weights.map((weight) => [
        weight.originalName,
        { shape: weight.shape, values: weight.read().dataSync().slice() },
      ]),
    ),
  );
  base.dispose();
  return { network, alpha: alphaOf(), weights, digest: 'drawn' };
}
