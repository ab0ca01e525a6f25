import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '#src/context.js';
import type { PredictionRecord } from '#src/models/predictions.js';
import type { Reliability } from '#src/predict/reliability.js';
import { parseRecipe } from '#src/recipe-file.js';
import type { SampleRecord } from '#src/records.js';
import { aboSource } from '#src/sources/abo.js';
import { runPipeline } from '#src/steps/pipeline.js';
import type { DumpPredictions } from '#src/steps/predict.js';
import type { PredictedPhoto } from '#src/steps/predict-photos.js';
import { jpeg, jsonLines, listing, pipeline, temporaryFolder, writeDump } from '../fixtures.js';

const TASK = 'product_type';
const TYPES = ['CHAIR', 'RUG', 'SHOES'];
const RECIPE = `
name: predicted
tasks: { product_type: { merge: { MAT: RUG } } }
deduplicate: { same: [bytes], family: [item], boilerplate: false }
cache: { size: 16 }
model: { network: small-cnn, batchSize: 16, phases: [{ train: all, epochs: 1, learningRate: 0.01 }] }
`;
let folder: { path: string; dispose(): Promise<void> };
const at = (...names: string[]) => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder('predict');
  const ids = Array.from({ length: 60 }, (_, index) => `i${index}`);
  await writeDump(at('dump'), {
    shards: {
      'listings_0.json': ids.map((id, index) => listing(`item-${id}`, TYPES[index % 3], id)),
    },
    images: await Promise.all(ids.map(async (id, index) => ({ id, bytes: await jpeg(index) }))),
  });
  const recipe = parseRecipe(RECIPE);
  await runPipeline({
    recipe,
    source: await aboSource({ dir: at('dump') }),
    given: new Map(),
    weights: new Map(),
    out: at('run'),
    backend: 'wasm',
    until: 'evaluate',
    context: createContext({ workers: 1 }, { seed: 1 }),
  });
  // What a catalogue has that comes later: two listings of one photo, a merged type, no type, photos that are none.
  await writeDump(at('new'), {
    shards: {
      'listings_0.json': [
        listing('A', 'CHAIR', 'a'),
        listing('B', 'MAT', 'a', { other_image_id: ['b'] }),
        listing('C', undefined, 'bad', { other_image_id: ['b'] }),
        listing('D', 'LAMP', 'b'),
      ],
    },
    images: [
      { id: 'a', bytes: await jpeg(1) },
      { id: 'b', bytes: await jpeg(2) },
      { id: 'bad', bytes: Buffer.from('no photo') },
    ],
  });
}, 300_000);
afterAll(() => folder.dispose());

const predict = (...args: string[]) =>
  pipeline(['predict', '--model', at('run', 'model'), '--backend', 'wasm', '--workers', '1', ...args]);
const reliabilityFile = () => at('run', 'model', TASK, `reliability-${TASK}.json`);
const reliability = async () => JSON.parse(await readFile(reliabilityFile(), 'utf8')) as Reliability;

describe('pipeline predict', () => {
  it('stands on what the run wrote of the validation side', async () => {
    const samples = jsonLines<SampleRecord>(await readFile(at('run', `samples-${TASK}.jsonl`), 'utf8'));
    const validation = samples.filter(({ split }) => split === 'validation');
    const { outcomes, similarities, labels } = await reliability();
    expect(outcomes).toHaveLength(validation.length);
    expect(new Set(outcomes.map(([, , component]) => component)).size).toBe(
      new Set(validation.map(({ component }) => component)).size,
    );
    expect(similarities).toHaveLength(validation.length);
    expect(similarities).toEqual([...similarities!].sort((a, b) => a - b));
    expect(labels.merge).toEqual({ MAT: 'RUG' });
  });

  it('says what photos show, one a line, in their order, and what is wrong with others', async () => {
    const records = jsonLines<PredictionRecord>(
      await readFile(at('run', `predictions-${TASK}.jsonl`), 'utf8'),
    );
    const paths = records.map(({ path }) => at('dump', 'images/small', path));
    const input = [...paths.slice(0, 3), at('absent.jpg'), ...paths.slice(3)].join('\n');
    const args = ['--backend', 'wasm', '--workers', '1', '--precision', '0', '-q', '-'];
    const { code, stdout, stderr } = await pipeline(['predict', '--model', at('run'), ...args], { input });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const lines = jsonLines<PredictedPhoto>(stdout);
    expect(lines.map(({ photo }) => photo).join('\n')).toBe(input);
    expect(lines[3]).toMatchObject({ error: { code: 'NOT_FOUND' } });
    const values = lines.flatMap((line) => ('tasks' in line ? [line.tasks[TASK]!] : []));
    for (const [row, { confidence, top, decision, value, predicted }] of values.entries()) {
      expect(confidence).toBeCloseTo(records[row]!.probability, 4);
      expect(top.map(({ label }) => label).sort()).toEqual(TYPES);
      expect(value).toBe(decision === 'accepted' ? predicted : null);
    }
  });

  it('fills a catalogue: the same rows as Parquet, CSV and JSON lines, with what listings state', async () => {
    const { similarities } = await reliability();
    const least = [...similarities!].sort((a, b) => a - b)[Math.floor(0.3 * similarities!.length)]!;
    const out = async (name: string, ...more: string[]) => {
      const demands = ['--precision', '0', '--reject', '0.3', '--json', '-q', ...more];
      const { code, stdout, stderr } = await predict('--source', at('new'), '--out', at(name), ...demands);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout) as DumpPredictions;
    };
    const found = await out('new.parquet');
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(at('new.parquet')) });
    expect(rows.map((row) => [row['item_id'], row['image_id'], row['error']])).toEqual([
      ['A', 'a', null],
      ['B', 'a', null],
      ['B', 'b', null],
      ['C', 'bad', 'IMAGE_NOT_AN_IMAGE'],
      ['C', 'b', null],
      ['D', 'b', null],
    ]);
    expect(rows.map((row) => row[`${TASK}_stated`])).toEqual(['CHAIR', 'RUG', 'RUG', null, null, 'LAMP']);
    for (const row of rows) {
      const of = (column: string) => row[`${TASK}_${column}`];
      if (row['error'] !== null) {
        expect([row[TASK], of('predicted'), of('agrees')]).toEqual([null, null, null]);
        continue;
      }
      expect(of('agrees')).toBe(of('stated') === null ? null : of('stated') === of('predicted'));
      expect(of('decision')).toBe(Number(of('similarity')) < least ? 'unknown' : 'accepted');
      expect(row[TASK]).toBe(of('decision') === 'accepted' ? of('predicted') : null);
    }
    const { accepted, uncertain, unknown } = found.tasks[TASK]!;
    expect([found.rows, found.bad, accepted + unknown, uncertain]).toEqual([6, 1, 5, 0]);

    await out('new.jsonl');
    expect(jsonLines(await readFile(at('new.jsonl'), 'utf8'))).toEqual(rows);
    await out('new.csv', '--views', 'main');
    const [head, ...lines] = (await readFile(at('new.csv'), 'utf8')).trim().split('\r\n');
    expect(head).toBe(Object.keys(rows[0]!).join(','));
    expect(lines.map((line) => line.split(',')[0])).toEqual(['A', 'B', 'C', 'D']);
  }, 180_000);

  it('gives no value where nothing says from which confidence on they are right', async () => {
    const kept = await readFile(reliabilityFile());
    const photo = at('new', 'images/small/xx/a.jpg');
    const decided = async (outcomes: Reliability['outcomes']) => {
      await writeFile(reliabilityFile(), JSON.stringify({ ...(await reliability()), outcomes }));
      const { stdout, stderr } = await predict('--reject', '0', photo);
      const [line] = jsonLines<Extract<PredictedPhoto, { tasks: object }>>(stdout);
      return [line!.tasks[TASK]!.decision, stderr];
    };
    try {
      const [none, why] = await decided([]);
      expect(none).toBe('uncertain');
      expect(why).toContain('no validation side');
      const [few, tooFew] = await decided([[0.1, 1, 0]]);
      expect(few).toBe('uncertain');
      expect(tooFew).toContain('no confidence reaches a precision of 95.0 %');
      const [many] = await decided(Array.from({ length: 59 }, (_, component) => [0.1, 1, component]));
      expect(many).toBe('accepted');
    } finally {
      await writeFile(reliabilityFile(), kept);
    }
  });

  it('calls all unknown where all may be, and none without a gallery', async () => {
    const photo = at('new', 'images/small/xx/a.jpg');
    const { stdout, stderr } = await predict('--precision', '0', '--reject', '1', photo);
    const [line] = jsonLines<Extract<PredictedPhoto, { tasks: object }>>(stdout);
    expect(line!.tasks[TASK]!.decision).toBe('unknown');
    expect(stderr).not.toContain('without a gallery');
  });

  it('ends with what is wrong where no photo could be read, and tells what is missing on the line', async () => {
    const absent = await predict('-q', at('absent.jpg'));
    expect(absent.code).toBe(1);
    expect(jsonLines(absent.stdout)).toMatchObject([{ error: { code: 'NOT_FOUND' } }]);
    expect(absent.stderr).toContain('NOT_FOUND');
    for (const args of [
      [],
      ['--source', at('new')],
      ['--out', 'x.csv', 'photo.jpg'],
      ['--views', 'main', 'photo.jpg'],
    ]) {
      expect((await predict(...args)).code).toBe(2);
    }
    // A catalogue whose photos are elsewhere is no empty answer.
    await writeFile(at('lost.csv'), 'image,label\ngone.jpg,a\nlost.jpg,b\n');
    const lost = await predict('-q', '--source', at('lost.csv'), '--out', at('lost.jsonl'));
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain('2 file-missing');
    const kind = await predict('-q', '--source', at('new'), '--out', at('new.txt'));
    expect([kind.code, kind.stderr]).toEqual([2, expect.stringContaining('.parquet')]);
  });
});
