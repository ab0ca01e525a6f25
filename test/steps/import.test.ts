import { copyFile, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS, type ExportFormat, type SampleLine } from '#src/exported.js';
import { parseRecipe } from '#src/recipe-file.js';
import { pixelIdentity, pixelTarget } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { exportCache } from '#src/steps/export.js';
import { importCache } from '#src/steps/import.js';
import {
  decodeRecord,
  encodeRecord,
  type Feature,
  RECORD_HEAD,
  RECORD_TAIL,
  recordLength,
} from '#src/tfrecord.js';
import { drawnCache, HASH, IDENTITY, python, pythonHas, samplesOf, TASK } from '../exported.js';
import { pipeline, temporaryFolder } from '../fixtures.js';
import { digestOf } from '../sinks/tensor-cache/digest.js';

const PHOTOS = 23;

let folder: { path: string; dispose(): Promise<void> };
let cache: string;
beforeEach(async () => {
  folder = await temporaryFolder('import');
  cache = await drawnCache(folder.path, PHOTOS);
});
afterEach(() => folder.dispose());

const { signal } = new AbortController();
async function exported(format: ExportFormat, more: { task?: string; image?: 'jpg' } = {}): Promise<string> {
  const out = join(folder.path, `${format}.out`);
  await exportCache({ cache, format, out, workers: 2, shardSize: 5, signal, ...more });
  return out;
}
const imported = (path: string, format: ExportFormat, more: { signal?: AbortSignal } = {}) =>
  importCache({ path, format, root: join(folder.path, 'again'), workers: 2, signal, ...more });

describe('the cache made again', () => {
  it.each(EXPORT_FORMATS)('from %s has the digest of the first', async (format) => {
    const summary = await imported(await exported(format), format);
    expect(summary).toMatchObject({ task: TASK, hash: HASH, samples: PHOTOS + 1, records: PHOTOS });
    expect(summary.digest).toBe(await digestOf(cache));
    expect(await digestOf(summary.cache)).toBe(summary.digest);
  });

  it.each(EXPORT_FORMATS)('from %s, after it was cancelled', async (format) => {
    const out = await exported(format);
    let looks = 0;
    const cancelled = {
      get aborted() {
        looks += 1;
        return looks > 20;
      },
    } as AbortSignal;
    await expect(imported(out, format, { signal: cancelled })).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await imported(out, format)).digest).toBe(await digestOf(cache));
  });

  it.each(['letterbox', 'cover', 'trim'] as const)('keeps the fit %s and the filter', async (fit) => {
    const identity = pixelIdentity({ ...pixelTarget(IDENTITY), fit, filter: 'area' });
    cache = await drawnCache(join(folder.path, 'fitted'), PHOTOS, undefined, identity);
    const again = openCache((await imported(await exported('numpy'), 'numpy')).cache, { identity });
    expect(await again.digest()).toBe(await digestOf(cache));
    await again.close();
  });

  it('keeps what a stored view was drawn by', async () => {
    const { augmentation } = parseRecipe(
      'name: a\ntasks: { color: {} }\naugmentation: { zoom: 0.1, contrast: 0.2, cutout: {} }\nmodel: { network: small-cnn, phases: [{ train: all, epochs: 1 }] }',
    );
    const view = { number: 3, seed: 7, augmentation: augmentation! };
    const identity = pixelIdentity({ ...pixelTarget(IDENTITY), view });
    cache = await drawnCache(join(folder.path, 'view'), PHOTOS, undefined, identity);
    const again = openCache((await imported(await exported('numpy'), 'numpy')).cache, { identity });
    expect(await again.digest()).toBe(await digestOf(cache));
    await again.close();
  });

  it('takes another task’s samples on top', async () => {
    const sets = { [`${TASK}/${HASH}`]: samplesOf(PHOTOS), 'colour/99990000': samplesOf(5) };
    cache = await drawnCache(join(folder.path, 'two'), PHOTOS, sets);
    const path = await exported('folder', { task: TASK });
    const first = await imported(path, 'folder');
    expect(first.digest).not.toBe(await digestOf(cache));
    await rm(path, { recursive: true });
    await exported('folder', { task: 'colour' });
    expect((await imported(path, 'folder')).digest).toBe(await digestOf(cache));
  });
});

describe('what is refused', () => {
  const fails = async (path: string, format: ExportFormat, message: RegExp) => {
    const failure = expect(imported(path, format)).rejects;
    await failure.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(message) });
  };
  const photoIn = async (path: string) => {
    const [first] = (await readFile(join(path, 'samples.jsonl'), 'utf8')).split('\n');
    return join(path, (JSON.parse(first!) as { path: string }).path);
  };

  it('what no export wrote', async () => {
    const path = await exported('folder');
    await expect(imported(path, 'numpy')).rejects.toMatchObject({ code: 'USAGE' });
    await writeFile(join(path, 'dataset.json'), '{"schemaVersion":1}');
    await fails(path, 'folder', /description/);
    await rm(join(path, 'dataset.json'));
    await fails(path, 'folder', /description/);
  });

  it('a photo that was changed', async () => {
    const path = await exported('folder');
    const photo = await photoIn(path);
    const grey = await sharp(photo).greyscale().png().toBuffer();
    await writeFile(photo, grey);
    await fails(path, 'folder', /pixels that were exported/);
    await truncate(photo, 60);
    await fails(path, 'folder', /whole PNG/);
    await rm(photo);
    await fails(path, 'folder', /photo inside/);
  });

  it('a photo that lies elsewhere', async () => {
    const path = await exported('folder');
    const photo = await photoIn(path);
    const elsewhere = join(folder.path, 'elsewhere.png');
    await copyFile(photo, elsewhere);
    await rm(photo);
    await symlink(elsewhere, photo);
    await fails(path, 'folder', /photo inside/);
  });

  it('a cut or damaged shard, and one that is missing', async () => {
    const path = await exported('webdataset');
    const shards = (await readdir(path)).filter((name) => name.startsWith('train-')).sort();
    const last = join(path, shards.at(-1)!);
    const bytes = await readFile(last);
    await truncate(last, bytes.length - 1024);
    await fails(path, 'webdataset', /whole archive/);
    const damaged = Buffer.from(bytes);
    damaged[3]! ^= 1;
    await writeFile(last, damaged);
    await fails(path, 'webdataset', /tar header/);
    await rm(last);
    await fails(path, 'webdataset', /24 samples but found \d+/);
  });

  it('a cut array, and one of another shape', async () => {
    const path = await exported('numpy');
    const file = join(path, 'images.npy');
    const bytes = await readFile(file);
    await truncate(file, bytes.length - 1);
    await fails(path, 'numpy', /row 23/);
    await writeFile(
      file,
      Buffer.from(bytes.toString('latin1').replace('(24, 10, 14', '(24, 14, 10'), 'latin1'),
    );
    await fails(path, 'numpy', /24 × 10 × 14 × 3/);
  });

  it('labels and sides that say otherwise than the samples’ lines', async () => {
    const path = await exported('numpy');
    for (const name of ['labels.npy', 'splits.npy']) {
      const bytes = await readFile(join(path, name));
      const edited = Buffer.from(bytes);
      edited[edited.length - (name === 'labels.npy' ? 4 : 1)]! ^= 1;
      await writeFile(join(path, name), edited);
      await fails(path, 'numpy', /labels.npy and splits.npy/);
      await writeFile(join(path, name), bytes.subarray(0, -1));
      await fails(path, 'numpy', /24 values/);
      await writeFile(join(path, name), bytes);
    }
    await rm(join(path, 'labels.npy'));
    await fails(path, 'numpy', /array labels.npy/);
  });

  it('a TFRecord of which any byte was changed, or that was cut', async () => {
    const path = await exported('tfrecord');
    const shard = join(path, 'validation-000000.tfrecord');
    const bytes = await readFile(shard);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= change;
        await writeFile(shard, damaged);
        await fails(path, 'tfrecord', /record/);
      }),
      { numRuns: 40 },
    );
    await writeFile(shard, bytes.subarray(0, -1));
    await fails(path, 'tfrecord', /whole record/);
  });

  it('a TFRecord of features that say otherwise than its line', async () => {
    const path = await exported('tfrecord');
    const shard = join(path, 'test-000000.tfrecord');
    const bytes = await readFile(shard);
    const length = recordLength(bytes.subarray(0, RECORD_HEAD));
    const end = RECORD_HEAD + length + RECORD_TAIL;
    const features = Object.fromEntries(decodeRecord(bytes.subarray(RECORD_HEAD, end)));
    const wrong: Record<string, Feature>[] = [
      { ...features, label: (features['label'] as number) + 1 },
      { ...features, class: Buffer.from('SOFA') },
      { ...features, sha256: Buffer.from('0'.repeat(64)) },
    ];
    for (const changed of wrong) {
      await writeFile(shard, Buffer.concat([encodeRecord(changed), bytes.subarray(end)]));
      await fails(path, 'tfrecord', /agree/);
    }
    delete features['json'];
    await writeFile(shard, Buffer.concat([encodeRecord(features), bytes.subarray(end)]));
    await fails(path, 'tfrecord', /json and image/);
  });

  it('a shard whose parts do not say the same, and one that lies among another side’s', async () => {
    const path = await exported('webdataset');
    const shard = join(path, 'test-000000.tar');
    const bytes = await readFile(shard, 'latin1');
    const [line] = /\{"index".*?\}/.exec(bytes)!;
    const { class: own } = JSON.parse(line) as SampleLine;
    const changed = [
      line.replace(/"label":"(.)/, (_, first: string) => `"label":"${first === 'X' ? 'Y' : 'X'}`),
      line.replace(`"class":${own}`, `"class":${(own + 1) % 3}`),
      line.replace(/"index":(\d)/, (_, digit: string) => `"index":${digit === '9' ? 8 : 9}`),
    ];
    for (const other of changed) {
      expect(other.length).toBe(line.length);
      await writeFile(shard, bytes.replace(line, other), 'latin1');
      await fails(path, 'webdataset', /label \d+ of classes.json|agree with/);
    }
    await writeFile(shard, bytes, 'latin1');
    await rename(shard, join(path, 'train-000009.tar'));
    await fails(path, 'webdataset', /samples of train/);
  });

  it.each(EXPORT_FORMATS)('labels of %s in another order', async (format) => {
    const path = await exported(format);
    const file = join(path, 'classes.json');
    const labels = JSON.parse(await readFile(file, 'utf8')) as string[];
    await writeFile(file, JSON.stringify(labels.reverse()));
    await fails(path, format, /of classes.json/);
    await rm(file);
    await fails(path, format, /classes.json/);
  });

  it('JPEGs', async () => {
    await fails(await exported('webdataset', { image: 'jpg' }), 'webdataset', /without loss/);
  });
});

it.skipIf(!pythonHas('shards packed by tarfile are not read', 'tarfile'))(
  'reads shards that tarfile packed',
  async () => {
    const path = await exported('webdataset');
    const program = `
import glob, io, json, sys, tarfile
for path in glob.glob(sys.argv[1] + "/*.tar"):
    with tarfile.open(path) as tar: members = [(m, tar.extractfile(m).read()) for m in tar]
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for m, data in members:
            m.mtime = 1234.5
            tar.addfile(m, io.BytesIO(data))
print(json.dumps(True))`;
    expect(python(program, path)).toBe(true);
    expect((await imported(path, 'webdataset')).digest).toBe(await digestOf(cache));
  },
);

it.skipIf(!pythonHas('records that TensorFlow wrote are not read', 'tensorflow'))(
  'reads records that TensorFlow wrote',
  async () => {
    const path = await exported('tfrecord');
    const program = `
import glob, json, sys
import tensorflow as tf
for path in glob.glob(sys.argv[1] + "/*.tfrecord"):
    records = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(path)]
    with tf.io.TFRecordWriter(path) as writer:
        for example in records: writer.write(example.SerializeToString())
print(json.dumps(True))`;
    expect(python(program, path)).toBe(true);
    expect((await imported(path, 'tfrecord')).digest).toBe(await digestOf(cache));
  },
);

it('the command line goes there and back', async () => {
  const out = join(folder.path, 'cli');
  await pipeline(['export', cache, '--format', 'webdataset', '--out', out]);
  const root = join(folder.path, 'again');
  const back = await pipeline(['import', out, '--format', 'webdataset', '--cache', root]);
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(back.stdout).toContain(
    `${PHOTOS} photos, ${PHOTOS + 1} samples of ${TASK}\ndigest ${await digestOf(cache)}`,
  );
  const wrong = await pipeline(['import', cache, '--format', 'folder', '--cache', root]);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('Import reads what `pipeline export` wrote.');
});
