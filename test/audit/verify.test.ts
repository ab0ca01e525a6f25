import { appendFile, copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from '#src/audit/findings.js';
import { findLeaks } from '#src/audit/leaks.js';
import { type GroupLine, type PhotoRow, readPhotos, readRun } from '#src/audit/run-files.js';
import { type Verification, verifyRun } from '#src/audit/verify.js';
import type { SampleRecord, Side } from '#src/records.js';
import { imagesInFolder } from '#src/sources/images-root.js';
import type { PartialSummary } from '#src/summary.js';
import { testContext } from '../context.js';
import { jsonLines, pipeline, temporaryFolder } from '../fixtures.js';
import { changeJson, changeSamples, copyOf, makeRun, runOn, samplesOf } from './run.js';

let folder: { path: string; dispose(): Promise<void> };
let dump: string;
let run: string;
let photos: PhotoRow[];
let samples: SampleRecord[];
beforeAll(async () => {
  folder = await temporaryFolder('verify');
  ({ dump, run } = await makeRun(folder.path, { until: 'evaluate' }));
  photos = (await readPhotos(await readRun(run)))!;
  samples = await samplesOf(run, 'product_type');
}, 120_000);
afterAll(() => folder.dispose());

const imagesIn = (root: string) => imagesInFolder(join(root, 'images/small'));
const verify = (path: string, images?: string): Promise<Verification> =>
  verifyRun({
    run: path,
    imagesRoot: images === undefined ? undefined : imagesIn(images),
    context: testContext(),
  });
/** The checks that found something, with what they found it on. */
const found = ({ findings }: Verification, check: string) =>
  findings.filter((finding) => finding.check === check);
const checksOf = ({ findings }: Verification) => [...new Set(findings.map(({ check }) => check))];

const otherSide = (side: Side): Side => (side === 'train' ? 'test' : 'train');
/** Moves one photo to another side, in all tasks, under a component of its own: as if nothing tied it. */
async function move(path: string, imageId: string): Promise<Side> {
  const own = samples.find((sample) => sample.imageId === imageId)!;
  const split = otherSide(own.split);
  for (const task of ['product_type', 'color']) {
    await changeSamples(path, task, new Map([[imageId, { split, component: `own-${imageId}` }]]));
  }
  return split;
}

const bySample = () => new Map(samples.map((sample) => [sample.imageId, sample]));
const groups = async (relation: string, ground: string) =>
  jsonLines<{ relation: string; pairs: { a: string; b: string; ground: string }[] }>(
    await readFile(join(run, 'duplicates.jsonl'), 'utf8'),
  )
    .filter((group) => group.relation === relation)
    .flatMap(({ pairs }) => pairs)
    .filter((pair) => pair.ground === ground);
/** The samples of two photos without anything between them. */
const strangers = () => {
  const [first] = samples;
  const other = samples.find(
    ({ split, component }) => split !== first!.split && component !== first!.component,
  );
  return [first!, other!] as const;
};

describe('a run', () => {
  it('is sound: every check looks at something and finds nothing', async () => {
    const result = await verify(run, dump);
    expect(result.findings).toEqual([]);
    expect(result.sound).toBe(true);
    const looked = new Map(result.checks.map(({ check, looked }) => [check, looked]));
    for (const check of [
      'files',
      'photo',
      'component',
      'item',
      'bytes',
      'same-picture',
      'near',
      'chain',
      'changed',
      'caches',
      'predictions',
      'stages',
      'ledger',
      'records',
      'summary',
    ]) {
      expect(looked.get(check as 'files'), check).toBeGreaterThan(0);
    }
  });

  it('is verified on the command line: text, JSON and exit status', async () => {
    const fine = await pipeline(['verify', run, '--no-photos', '-q']);
    expect(fine.stderr).toBe('');
    expect(fine.stdout).toContain('Nothing crosses a split, and everything adds up.');
    expect(fine.code).toBe(0);
    const path = await copyOf(run, 'cli');
    await move(
      path,
      photos.find(({ imageId }) => (bySample().get(imageId)?.component ?? imageId) !== imageId)!.imageId,
    );
    const leaky = await pipeline(['verify', path, '--no-photos', '--json', '-q']);
    expect(leaky.code).toBe(1);
    expect(leaky.stderr).toContain('VERIFICATION_FAILED');
    const told = JSON.parse(leaky.stdout) as Verification;
    expect(told.sound).toBe(false);
    expect(told.leaks).toBeGreaterThan(0);
    expect((await pipeline(['verify', folder.path])).code).toBe(2);
    const lost = await pipeline(['verify', run, '--source', join(folder.path, 'nowhere'), '-q']);
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('DUMP_MISSING') });
  });
});

describe('a leak in the written files', () => {
  it('component', async () => {
    const path = await copyOf(run, 'component');
    const shared = samples.find(({ component, imageId }) =>
      samples.some((other) => other.component === component && other.imageId !== imageId),
    )!;
    await changeSamples(
      path,
      'product_type',
      new Map([[shared.imageId, { split: otherSide(shared.split) }]]),
    );
    const [leak] = found(await verify(path), 'component');
    expect(leak).toMatchObject({ key: shared.component });
    expect(leak!.photos!.map(({ imageId }) => imageId)).toContain(shared.imageId);
    expect(new Set(leak!.photos!.map(({ side }) => side)).size).toBe(2);
  });

  it('one photo on two sides of two tasks', async () => {
    const path = await copyOf(run, 'tasks');
    const both = (await samplesOf(run, 'color')).find(({ imageId }) => bySample().has(imageId))!;
    const change = { split: otherSide(both.split), component: `own-${both.imageId}` };
    await changeSamples(path, 'color', new Map([[both.imageId, change]]));
    expect(found(await verify(path), 'photo')).toMatchObject([
      {
        key: both.imageId,
        photos: expect.arrayContaining([expect.objectContaining({ task: 'color', side: change.split })]),
      },
    ]);
  });

  it('item', async () => {
    const path = await copyOf(run, 'item');
    const known = bySample();
    const pair = photos.flatMap((a) =>
      photos
        .filter(
          (b) =>
            a.imageId < b.imageId &&
            known.has(a.imageId) &&
            known.has(b.imageId) &&
            a.items.length === 1 &&
            a.items[0] === b.items[0],
        )
        .map((b) => [a, b] as const),
    )[0]!;
    await move(path, pair[0].imageId);
    const result = await verify(path);
    expect(found(result, 'item').map(({ key }) => key)).toContain(pair[0].items[0]);
    expect(checksOf(result)).not.toContain('component');
  });

  it('bytes', async () => {
    const path = await copyOf(run, 'bytes');
    const [a, b] = strangers();
    await changeSamples(path, 'product_type', new Map([[b.imageId, { sha256: a.sha256 }]]));
    expect(found(await verify(path), 'bytes')).toMatchObject([{ key: a.sha256 }]);
  });

  it('same picture', async () => {
    const path = await copyOf(run, 'same');
    const [a, b] = strangers().map(({ imageId }) => imageId);
    const pairs = [{ a, b, ground: 'near', distance: 2 }];
    const group = { relation: 'same', representative: a, images: [a, b], pairs };
    await appendFile(join(path, 'duplicates.jsonl'), `${JSON.stringify(group)}\n`);
    const result = await verify(path);
    expect(checksOf(result)).toEqual(['same-picture']);
    expect(result.findings).toMatchObject([{ key: `${a} ${b}`, message: expect.stringContaining('2 bits') }]);
  });

  it('near, by the groups that curation wrote', async () => {
    const path = await copyOf(run, 'near');
    const known = bySample();
    const pair = (await groups('family', 'near')).find(({ a, b }) => known.has(a) && known.has(b))!;
    await move(path, pair.a);
    const leaks = found(await verify(path), 'near');
    expect(leaks.map(({ key }) => key)).toContain(`${pair.a} ${pair.b}`);
  });

  it('near, by the photos on the disk, where curation had not found it', async () => {
    const path = await copyOf(run, 'unseen');
    const known = bySample();
    const pair = (await groups('family', 'near')).find(({ a, b }) => known.has(a) && known.has(b))!;
    await move(path, pair.a);
    await writeFile(join(path, 'duplicates.jsonl'), '');
    expect(found(await verify(path), 'near')).toEqual([]);
    const keys = found(await verify(path, dump), 'near').flatMap(({ photos }) =>
      photos!.map(({ imageId }) => imageId),
    );
    expect(keys).toContain(pair.a);
  });

  it('names, and chains over photos that are no samples', () => {
    const sample = (imageId: string, split: Side): SampleRecord => ({
      path: `${imageId}.jpg`,
      label: 'A',
      split,
      component: imageId,
      imageId,
      sha256: '',
      task: 't',
    });
    const task = {
      task: 't',
      given: false,
      samples: [sample('a', 'train'), sample('c', 'test')],
      parquet: [],
      digest: '',
      recorded: { samples: 2, sides: { train: 1, validation: 0, test: 1 }, digest: '' },
    };
    const group = (ground: string, ...names: string[]) => ({
      relation: 'family' as GroupLine['relation'],
      representative: 'a',
      images: names,
      pairs: names.slice(1).map((b, at) => ({ a: names[at]!, b, ground })),
    });
    const leaks = (groups: ReturnType<typeof group>[], rows: PhotoRow[] = []) => {
      const kept = findings();
      findLeaks(kept, { tasks: [task], photos: rows, groups, ties: [] });
      return kept.result().findings.map(({ check }) => check);
    };
    expect(leaks([])).toEqual([]);
    expect(leaks([group('name', 'a', 'c')])).toEqual(['name']);
    expect(leaks([group('near', 'a', 'b', 'c')])).toEqual(['chain']);
    const row = (imageId: string, items: string[], images = [imageId]): PhotoRow => ({
      imageId,
      path: '',
      sha256: '',
      component: imageId,
      images,
      items,
    });
    expect(leaks([group('near', 'b', 'c')], [row('a', ['i']), row('b', ['i']), row('c', [])])).toEqual([
      'chain',
    ]);
    // A merged image stands where its photo stands.
    const same = { ...group('pixels', 'm', 'a'), relation: 'same' as GroupLine['relation'] };
    expect(leaks([same], [row('a', []), row('c', [], ['c', 'm'])])).toEqual(['same-picture']);
    // Samples that were given are their file's business, task by task.
    const kept = findings();
    const other = { ...task, task: 'u', given: true, samples: [sample('a', 'test')] };
    findLeaks(kept, {
      tasks: [{ ...task, samples: [sample('a', 'train')] }, other],
      photos: [],
      groups: [],
      ties: [],
    });
    expect(kept.result().findings).toEqual([]);
  });
});

describe('photos on the disk', () => {
  let spoilt: string;
  beforeAll(async () => {
    spoilt = join(folder.path, 'spoilt');
    await cp(dump, spoilt, { recursive: true });
  });
  const fileOf = ({ path }: SampleRecord) => join(spoilt, 'images/small', path);

  it('are found to be equal, or re-encoded, across sides', async () => {
    const [a, b] = strangers();
    await copyFile(fileOf(a), fileOf(b));
    let result = await verify(run, spoilt);
    expect(found(result, 'changed')).toMatchObject([{ key: b.imageId }]);
    expect(found(result, 'bytes')).toHaveLength(1);
    expect(checksOf(result)).toContain('same-picture');
    await writeFile(fileOf(b), await sharp(fileOf(a)).jpeg({ quality: 70 }).toBuffer());
    result = await verify(run, spoilt);
    expect(checksOf(result)).not.toContain('bytes');
    const pictures = found(result, 'same-picture').map(({ photos }) =>
      photos!.map(({ imageId }) => imageId).sort(),
    );
    expect(pictures).toContainEqual([a.imageId, b.imageId].sort());
  });

  it('are found to be gone', async () => {
    const sample = samples.at(-1)!;
    await rm(fileOf(sample));
    expect(found(await verify(run, spoilt), 'changed').map(({ key }) => key)).toContain(sample.imageId);
  });
});

describe('accounts', () => {
  const spoil = async (name: string, change: (path: string) => Promise<void>) => {
    const path = await copyOf(run, name);
    await change(path);
    return verify(path);
  };
  const ledger = async (path: string, change: (lines: string[]) => string[]) => {
    const file = join(path, 'ledger.jsonl.gz');
    const lines = gunzipSync(await readFile(file))
      .toString()
      .split('\n')
      .filter(Boolean);
    await writeFile(file, gzipSync(`${change(lines).join('\n')}\n`));
  };

  it('find samples that were edited, in one file or the other', async () => {
    const jsonl = await spoil('edited', (path) =>
      appendFile(join(path, 'samples-color.jsonl'), `${JSON.stringify(samples[0])}\n`),
    );
    expect(found(jsonl, 'files')).toMatchObject([
      { key: 'samples-color.jsonl', message: expect.stringContaining('changed since') },
      { key: samples[0]!.path },
    ]);
    expect(checksOf(jsonl)).toContain('stages');
    // A role is no part of the digest: the other file tells.
    const other = await spoil('role', async (path) => {
      const file = join(path, 'samples-color.jsonl');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('"role":"main"', '"role":"other"'));
    });
    expect(found(other, 'files')).toMatchObject([{ message: expect.stringContaining('differently') }]);
  });

  it('find files that are gone, and groups that no file tells of', async () => {
    const gone = await spoil('files-gone', async (path) => {
      for (const name of ['photos.jsonl.gz', 'boilerplate.jsonl', 'exploration.json'])
        await rm(join(path, name));
    });
    expect(found(gone, 'files').map(({ key }) => key)).toEqual([
      'photos.jsonl.gz',
      'boilerplate.jsonl',
      'exploration.json',
    ]);
    const groups = await spoil('groups', (path) => writeFile(join(path, 'duplicates.jsonl'), ''));
    expect(found(groups, 'records')[0]).toMatchObject({
      message: expect.stringContaining('duplicates.jsonl does not'),
    });
    const photos = spoil('no-photos', (path) => rm(join(path, 'photos.parquet')));
    await expect(photos).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('find a lost line of the ledger, by stage and by record', async () => {
    const isLabel = (line: string) => line.includes('"stage":"label"');
    const result = await spoil('line', (path) =>
      ledger(path, (lines) => lines.filter((line) => line !== lines.find(isLabel))),
    );
    expect(checksOf(result)).toEqual(['ledger', 'records']);
  });

  it('find a photo that is both a sample and in the ledger, and one that was merged elsewhere', async () => {
    const line = {
      stage: 'balance',
      task: 'product_type',
      key: samples[0]!.imageId,
      fate: 'capped',
      reason: 'class-cap',
    };
    const both = await spoil('both', (path) => ledger(path, (lines) => [...lines, JSON.stringify(line)]));
    expect(found(both, 'records')).toMatchObject([{ key: samples[0]!.imageId }]);
    const elsewhere = await spoil('elsewhere', (path) =>
      ledger(path, (lines) =>
        lines.map((text) => {
          const entry = JSON.parse(text) as { reason: string; into?: string };
          return entry.reason === 'same-picture' ? JSON.stringify({ ...entry, into: 'nobody' }) : text;
        }),
      ),
    );
    expect(checksOf(elsewhere)).toEqual(['records']);
  });

  it('find a summary whose stages or tasks do not add up', async () => {
    const stages = await spoil('stages', (path) =>
      changeJson<PartialSummary>(join(path, 'summary.json'), ({ stages: [first, ...rest], ...summary }) => ({
        ...summary,
        stages: [{ ...first!, out: first!.out + 1 }, ...rest],
      })),
    );
    expect(found(stages, 'stages').map(({ key }) => key)).toEqual(['parse', 'explode']);
    const tasks = await spoil('tasks-told', (path) =>
      changeJson<PartialSummary>(join(path, 'summary.json'), (summary) => ({
        ...summary,
        tasks: { ...summary.tasks, color: { ...summary.tasks['color']!, classes: 99 } },
      })),
    );
    expect(found(tasks, 'summary')).toMatchObject([{ key: 'color', message: expect.stringContaining('99') }]);
  });

  it('find a photo that was trained on among those that were scored', async () => {
    const trained = samples.find(({ split }) => split === 'train')!;
    const result = await spoil('scored', async (path) => {
      const file = join(path, 'predictions-product_type.jsonl');
      const [first, ...rest] = jsonLines<object>(await readFile(file, 'utf8'));
      const line = { ...first, path: trained.path, imageId: trained.imageId, label: trained.label };
      await writeFile(file, [line, ...rest].map((one) => JSON.stringify(one)).join('\n'));
    });
    expect(found(result, 'predictions')).toMatchObject([
      { key: trained.imageId, message: expect.stringContaining('on the train side') },
    ]);
  });

  it('find a cache that keeps other sides, or is gone', async () => {
    const other = await spoil('moved', (path) => move(path, samples[0]!.imageId).then(() => {}));
    expect(checksOf(other)).toContain('caches');
    const gone = await spoil('gone', async (path) => {
      const { caches } = (await readRun(path)).summary;
      await rm(join(path, caches[0]!.path), { recursive: true });
    });
    expect(checksOf(gone)).toContain('caches');
  });
});

it('finds what a split by image lets through', async () => {
  const leaky = join(folder.path, 'leaky');
  await runOn(dump, leaky, { until: 'curate', more: 'split: { by: image }' });
  const result = await verify(leaky, dump);
  expect(result.splitBy).toEqual({ product_type: 'image', color: 'image' });
  for (const check of ['component', 'item', 'near']) expect(checksOf(result)).toContain(check);
  for (const check of ['files', 'photo', 'stages', 'ledger', 'records', 'summary', 'changed']) {
    expect(checksOf(result)).not.toContain(check);
  }
});
