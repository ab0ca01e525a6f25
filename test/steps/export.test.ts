import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS, folderOfLabel, type SampleLine } from '#src/exported.js';
import { staysInside } from '#src/inside.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { type ExportRequest, exportCache } from '#src/steps/export.js';
import {
  BYTES,
  drawnCache,
  HASH,
  LABELS,
  pixelsOf,
  python,
  pythonHas,
  samplesOf,
  shaOf,
  TASK,
} from '../exported.js';
import { pipeline, temporaryFolder } from '../fixtures.js';

const PHOTOS = 23;
const CLASSES = [...LABELS].sort();

let folder: { path: string; dispose(): Promise<void> };
let cache: string;
beforeEach(async () => {
  folder = await temporaryFolder('export');
  cache = await drawnCache(folder.path, PHOTOS);
});
afterEach(() => folder.dispose());

async function exportAs(
  format: ExportRequest['format'],
  more: Partial<ExportRequest> = {},
  name: string = format,
) {
  const out = join(folder.path, name);
  const signal = new AbortController().signal;
  return { out, summary: await exportCache({ cache, format, out, workers: 2, signal, ...more }) };
}

/** Relative paths of all files, with their bytes. */
async function contents(path: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = await Promise.all(
    files.sort().map(async (file) => [file.slice(path.length + 1), await readFile(file)] as const),
  );
  return new Map(read);
}

/** What each sample should be read as, by its place. */
const expected = () =>
  samplesOf(PHOTOS).map(({ sha256, label, split }) => {
    const photo = Array.from({ length: PHOTOS }, (_, index) => shaOf(index)).indexOf(sha256);
    return { sha256, label, class: CLASSES.indexOf(label), split, pixels: [...pixelsOf(photo)] };
  });
const byHash = (rows: ReturnType<typeof expected>) =>
  [...rows].sort((a, b) => (a.sha256 + a.label < b.sha256 + b.label ? -1 : 1));

describe('every format', () => {
  it.each(EXPORT_FORMATS)('%s is the same bytes each time, and says what it is', async (format) => {
    const first = await exportAs(format);
    const again = await exportAs(format, { workers: 5 }, 'again');
    expect(await contents(again.out)).toEqual(await contents(first.out));
    expect(first.summary).toMatchObject({ task: TASK, hash: HASH, samples: PHOTOS + 1 });
    expect(JSON.parse(await readFile(join(first.out, 'classes.json'), 'utf8'))).toEqual(CLASSES);
    expect(JSON.parse(await readFile(join(first.out, 'dataset.json'), 'utf8'))).toMatchObject({
      format,
      samples: PHOTOS + 1,
      identity: { height: 10, width: 14 },
    });
    expect(await readFile(join(first.out, 'ATTRIBUTION.txt'), 'utf8')).toContain('CC BY 4.0');
  });

  it.each(EXPORT_FORMATS)('%s leaves nothing when it is cancelled', async (format) => {
    let looks = 0;
    const signal = {
      get aborted() {
        looks += 1;
        return looks > 8;
      },
    } as AbortSignal;
    await expect(exportAs(format, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(looks).toBeGreaterThan(8);
    expect((await readdir(folder.path)).filter((name) => name.startsWith(format))).toEqual([]);
  });

  it('goes on where a killed export left something, and touches nothing else', async () => {
    const left = join(folder.path, 'numpy.unfinished');
    await mkdir(left);
    await writeFile(join(left, 'mine.txt'), 'mine');
    await expect(exportAs('numpy')).rejects.toMatchObject({ code: 'USAGE' });
    expect(await readFile(join(left, 'mine.txt'), 'utf8')).toBe('mine');
    await writeFile(join(left, 'writer.lock'), '1\n');
    const { out } = await exportAs('numpy');
    expect([...(await contents(out)).keys()]).not.toContain('mine.txt');
    expect(existsSync(left)).toBe(false);
    await expect(exportAs('numpy')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('the samples', () => {
  it('are those of the task that is asked for', async () => {
    const sets = { 'a/11112222': samplesOf(4), 'a/11113333': samplesOf(3), 'b/44445555': samplesOf(2) };
    cache = await drawnCache(join(folder.path, 'several'), 6, sets);
    await expect(exportAs('numpy')).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'Choose: --task a/11112222, --task a/11113333, --task b/44445555',
    });
    await expect(exportAs('numpy', { task: 'a' })).rejects.toMatchObject({
      hint: 'Choose: --task a/11112222, --task a/11113333',
    });
    await expect(exportAs('numpy', { task: 'c' })).rejects.toMatchObject({ code: 'USAGE' });
    expect((await exportAs('numpy', { task: 'b' }, '1')).summary).toMatchObject({ samples: 3 });
    expect((await exportAs('numpy', { task: 'a/11113' }, '2')).summary).toMatchObject({ samples: 4 });
  });

  it('must be photos', async () => {
    cache = join(folder.path, 'vectors');
    const writer = await writeCache(cache, {
      kind: 'vectors',
      schemaVersion: 1,
      length: 4,
      dtype: 'float32',
      network: 'n',
      weights: '0',
      layer: 'l',
      preprocessing: 'tf',
      view: 0,
      pixels: '0',
    });
    await writer.close();
    await expect(exportAs('numpy')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

it('a label’s folder is one name, and no other label’s', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 })), (labels) => {
      const names = new Map(labels.map((label) => [label, folderOfLabel(label)]));
      expect(new Set(names.values()).size).toBe(new Set(labels).size);
      for (const name of names.values()) {
        expect(name).toMatch(/^[^./][^/\0]*$/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(staysInside('/root', name)).toBe(true);
      }
    }),
  );
  expect(['..', 'a/b', 'SOFA', '', '沙发'].map(folderOfLabel)).toEqual([
    '%2E.',
    'a%2Fb',
    'SOFA',
    '%',
    '沙发',
  ]);
});

it('folder: a photo in the folder of its side and label', async () => {
  const { out } = await exportAs('folder');
  const files = await contents(out);
  const lines = files.get('samples.jsonl')!.toString().trim().split('\n');
  const read = await Promise.all(
    lines.map(async (text) => {
      const line = JSON.parse(text) as SampleLine & { path: string };
      expect(line.path.startsWith(`${line.split}/${folderOfLabel(line.label)}/`)).toBe(true);
      const pixels = [...(await sharp(files.get(line.path)!).raw().toBuffer())];
      return { sha256: line.sha256, label: line.label, class: line.class, split: line.split, pixels };
    }),
  );
  expect(byHash(read)).toEqual(byHash(expected()));
  const photos = [...files.keys()].filter((path) => path.endsWith('.png'));
  expect(photos.length).toBe(PHOTOS + 1);
});

it('jpg: photos of the same size, nearly the same', async () => {
  const { out } = await exportAs('folder', { image: 'jpg' });
  const photos = [...(await contents(out))].filter(([path]) => path.endsWith('.jpg'));
  expect(photos.length).toBe(PHOTOS + 1);
  for (const [, bytes] of photos) {
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 14, height: 10 });
  }
  await expect(exportAs('numpy', { image: 'jpg' })).rejects.toMatchObject({ code: 'USAGE' });
});

const SHARDS = [
  ...['test-000000', 'train-000000', 'train-000001', 'train-000002'],
  ...['validation-000000', 'validation-000001'],
];

it.skipIf(!pythonHas('tar shards are not read by tarfile', 'tarfile'))('webdataset: tarfile', async () => {
  const { out } = await exportAs('webdataset', { shardSize: 5 });
  const program = `
import base64, glob, json, sys, tarfile
rows = []
for path in sorted(glob.glob(sys.argv[1] + "/*.tar")):
    with tarfile.open(path) as tar:
        for m in tar: rows.append([path.split("/")[-1][:-4], m.name, m.mtime, base64.b64encode(tar.extractfile(m).read()).decode()])
print(json.dumps(rows))`;
  const members = python(program, out) as [string, string, number, string][];
  expect([...new Set(members.map(([shard]) => shard))]).toEqual(SHARDS);
  const bytes = new Map(members.map(([, name, , base64]) => [name, Buffer.from(base64, 'base64')]));
  expect(bytes.size).toBe(3 * (PHOTOS + 1));
  const read = await Promise.all(
    expected().map(async (_, index) => {
      const key = String(index).padStart(9, '0');
      const { sha256, label, split } = JSON.parse(bytes.get(`${key}.json`)!.toString()) as SampleLine;
      const pixels = [
        ...(await sharp(bytes.get(`${key}.png`)!)
          .raw()
          .toBuffer()),
      ];
      return { sha256, label, class: Number(bytes.get(`${key}.cls`)!.toString()), split, pixels };
    }),
  );
  expect(read).toEqual(expected());
  for (const [shard, name] of members) {
    expect(shard.startsWith(`${expected()[Number.parseInt(name, 10)]!.split}-`)).toBe(true);
  }
});

it.skipIf(!pythonHas('arrays are not read by numpy', 'numpy'))('numpy: np.load, mapped', async () => {
  const { out } = await exportAs('numpy');
  const program = `
import json, sys, numpy as np
a = {n: np.load(f"{sys.argv[1]}/{n}.npy", mmap_mode="r") for n in ("images", "labels", "splits")}
print(json.dumps({n: [str(v.dtype), v.shape, v.tolist()] for n, v in a.items()}))`;
  const { images, labels, splits } = python(program, out) as Record<string, [string, number[], unknown[]]>;
  expect(images!.slice(0, 2)).toEqual(['uint8', [PHOTOS + 1, 10, 14, 3]]);
  expect([labels![0], splits![0]]).toEqual(['int32', 'uint8']);
  const lines = (await readFile(join(out, 'samples.jsonl'), 'utf8')).trim().split('\n');
  const read = lines.map((text, row) => {
    const { sha256, label } = JSON.parse(text) as SampleLine;
    const split = (['train', 'validation', 'test'] as const)[splits![2][row] as number]!;
    const pixels = (images![2][row] as number[][][]).flat(2);
    expect(pixels.length).toBe(BYTES);
    return { sha256, label, class: labels![2][row] as number, split, pixels };
  });
  expect(byHash(read)).toEqual(byHash(expected()));
});

it.skipIf(!pythonHas('records are not read by tf.data', 'tensorflow'))(
  'tfrecord: tf.data, checksums and all',
  { timeout: 120_000 },
  async () => {
    const { out } = await exportAs('tfrecord', { shardSize: 5 });
    const program = `
import glob, json, sys, tensorflow as tf
text = tf.io.FixedLenFeature([], tf.string)
features = {"image": text, "label": tf.io.FixedLenFeature([], tf.int64), **{n: text for n in ("class", "split", "sha256", "component")}}
rows = []
paths = sorted(glob.glob(sys.argv[1] + "/*.tfrecord"))
for path in paths:
    for record in tf.data.TFRecordDataset(path):
        e = tf.io.parse_single_example(record, features)
        pixels = tf.reshape(tf.io.decode_png(e["image"]), [-1]).numpy().tolist()
        rows.append({"sha256": e["sha256"].numpy().decode(), "label": e["class"].numpy().decode(), "class": int(e["label"]),
                     "split": e["split"].numpy().decode(), "pixels": pixels})
print(json.dumps({"shards": [p.split("/")[-1][:-9] for p in paths], "rows": rows}))`;
    const { shards, rows } = python(program, out) as { shards: string[]; rows: ReturnType<typeof expected> };
    expect(shards).toEqual(SHARDS);
    expect(byHash(rows)).toEqual(byHash(expected()));
  },
);

it('the command line says what it wrote', async () => {
  const out = join(folder.path, 'cli');
  const done = await pipeline(['export', cache, '--format', 'folder', '--out', out]);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toBe(`${out}: 24 photos of product_type (train 13, validation 6, test 5)\n`);
  const again = await pipeline(['export', cache, '--format', 'folder', '--out', out]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('Expected no file and no full folder');
});
