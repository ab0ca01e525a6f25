/**
 * A trainer loop of your own on the batch stream of a run's cache, on the embedded backend.
 *   node examples/dist/own-trainer.js runs/demo product_type 3
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BatchSample,
  batches,
  collect,
  openCache,
  openReaders,
  type SampleRecord,
  sampleRows,
  startBackend,
} from 'abo-pipeline';

const [run = 'runs/demo', task = 'product_type', epochs = '3'] = process.argv.slice(2);
const cache = openCache(join(run, readdirSync(run).find((name) => name.startsWith('cache-'))!));
if (cache.identity.kind !== 'pixels') throw new Error('Expected a cache of pixels');
const { height, width } = cache.identity;

const rows = await collect(sampleRows(join(run, `samples-${task}.jsonl`), new AbortController().signal));
const records = rows.map(({ text }) => JSON.parse(text) as SampleRecord);
const classes = [...new Set(records.map(({ label }) => label))].sort();
function samplesOf(side: SampleRecord['split']): BatchSample[] {
  const own = records.filter(({ split }) => split === side);
  const samples = own.flatMap(({ sha256, label }) => {
    const key = cache.keyOf(sha256);
    return key === undefined ? [] : [{ key, label: classes.indexOf(label) }];
  });
  // Photos that could not be decoded: RUN/ledger.jsonl.gz says which, and why.
  console.log(
    `${side}: ${samples.length} photos, ${own.length - samples.length} more that the cache has not`,
  );
  return samples;
}

const { tf, stop } = await startBackend('wasm');
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({
      inputShape: [height, width, 3],
      filters: 8,
      kernelSize: 3,
      strides: 2,
      activation: 'relu',
    }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: classes.length }),
  ],
});
const optimizer = tf.train.adam(0.01);
const batchSize = 32;

/** Mean cross-entropy of an epoch. */
async function epochOf(samples: BatchSample[], epoch: number, readers: ReturnType<typeof openReaders>) {
  let loss = 0;
  const options = {
    samples,
    batchSize,
    shuffle: { seed: 1, epoch },
    normalise: 'scale',
    workers: readers,
  } as const;
  // A thread reads the next batches meanwhile, as far as its ring has room.
  for await (const { values, shape, labels } of batches(cache, options)) {
    const step = tf.tidy(() => {
      const photos = tf.tensor4d(values as Float32Array, shape as [number, number, number, number]);
      const wanted = tf.oneHot(tf.tensor1d(labels, 'int32'), classes.length);
      return optimizer.minimize(
        () =>
          tf.losses.softmaxCrossEntropy(
            wanted,
            model.apply(photos, { training: true }) as typeof photos,
          ) as never,
        true,
      )!;
    });
    const [value = Number.NaN] = await step.data();
    loss += value * shape[0]!;
    step.dispose();
  }
  return loss / samples.length;
}

const readers = openReaders(cache, 1);
try {
  const train = samplesOf('train');
  for (let epoch = 1; epoch <= Number(epochs); epoch++) {
    console.log(`epoch ${epoch}: loss ${(await epochOf(train, epoch, readers)).toFixed(4)}`);
  }
} finally {
  await readers.close();
  await cache.close();
  await stop();
}
