import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { PbfReader } from 'pbf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochRecord } from '#src/results.js';
import { addEpoch, EVENT_FILE, historyCsv, writeHistory } from '#src/sinks/history/files.js';
import { RECORD_HEAD, RECORD_TAIL, recordLength } from '#src/tfrecord.js';
import { temporaryFolder } from '../../fixtures.js';

/** A Python with tensorboard. */
const python = process.env['ABO_PYTHON_TENSORBOARD'];
if (python === undefined) {
  console.warn(
    'SKIPPED: TensorBoard does not read the event files (ABO_PYTHON_TENSORBOARD: a Python that has it)',
  );
}

const first: EpochRecord = {
  phase: 'head',
  epoch: 1,
  learningRate: 0.001,
  loss: 2.5,
  accuracy: 0.25,
  trainLoss: 2,
  trainAccuracy: 0.5,
  trainPhotos: 1_000,
  seconds: 4,
};
const HISTORY: EpochRecord[] = [
  first,
  { ...first, phase: 'from "a", b', epoch: 2, loss: 1e-7, validationLoss: 1.5, seconds: 2 },
  { ...first, phase: 'all', epoch: 3, loss: 0.125, validationLoss: 1.25, seconds: 8 },
];

let folder: { path: string; dispose(): Promise<void> };
beforeAll(async () => {
  folder = await temporaryFolder('history');
});
afterAll(() => folder.dispose());

async function written(name: string, write: (place: { folder: string; task: string }) => Promise<void>) {
  const place = { folder: join(folder.path, name), task: 'colour' };
  await rm(place.folder, { recursive: true, force: true });
  await write(place);
  return place.folder;
}

const atOnce = () => written('whole', (place) => writeHistory(place, HISTORY));
const epochByEpoch = () =>
  written('grown', async (place) => {
    await writeHistory(place, []);
    for (const end of [1, 2, 3]) await addEpoch(place, HISTORY.slice(0, end));
  });

interface Event {
  wallTime: number;
  step: number;
  version?: string;
  scalars: Record<string, number>;
}

/** Every event of a file, by its own reading of the framing and fields. */
async function eventsOf(path: string): Promise<Event[]> {
  const bytes = await readFile(join(path, EVENT_FILE));
  const events: Event[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + RECORD_HEAD;
    const end = start + recordLength(bytes.subarray(at, start));
    events.push(
      new PbfReader(bytes.subarray(start, end)).readFields<Event>(readEvent, {
        wallTime: Number.NaN,
        step: 0,
        scalars: {},
      }),
    );
    at = end + RECORD_TAIL;
  }
  return events;
}

function readEvent(tag: number, event: Event, reader: PbfReader): void {
  if (tag === 1) event.wallTime = reader.readDouble();
  if (tag === 2) event.step = reader.readVarint();
  if (tag === 3) event.version = reader.readString();
  if (tag === 5) reader.readMessage((_, scalars) => reader.readMessage(readValue, scalars), event.scalars);
}

function readValue(tag: number, scalars: Record<string, number>, reader: PbfReader): void {
  if (tag === 1) scalars[reader.readString()] = Number.NaN;
  if (tag === 2) scalars[Object.keys(scalars).at(-1)!] = reader.readFloat();
}

const scalarsOf = ({ epoch: _, phase: __, ...numbers }: EpochRecord) =>
  Object.fromEntries(Object.entries(numbers).map(([tag, value]) => [tag, Math.fround(value as number)]));

describe.each([
  ['at once', atOnce],
  ['epoch by epoch', epochByEpoch],
])('a history that is written %s', (_, write) => {
  it('has every number of each epoch in its event file, under the version', async () => {
    const [head, ...events] = await eventsOf(await write());
    expect(head).toMatchObject({ version: 'brain.Event:2', step: 0, scalars: {} });
    expect(events.map(({ step, scalars }) => [step, scalars])).toEqual(
      HISTORY.map((record) => [record.epoch, scalarsOf(record)]),
    );
    for (const [index, { wallTime }] of events.entries())
      expect(wallTime).toBeGreaterThanOrEqual(index === 0 ? head!.wallTime : events[index - 1]!.wallTime);
  });

  it('has all of it in its tables', async () => {
    const path = await write();
    const document = JSON.parse(await readFile(join(path, 'history.json'), 'utf8')) as unknown;
    expect(document).toEqual({ schemaVersion: 1, task: 'colour', epochs: HISTORY });
    const rows = parse(await readFile(join(path, 'history.csv')), { columns: true }) as object[];
    expect(rows).toEqual(
      HISTORY.map((record) => ({
        validationLoss: '',
        ...Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)])),
      })),
    );
  });

  it.skipIf(python === undefined)('is read by TensorBoard', async () => {
    const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1]).Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}))
`;
    const { stdout, stderr } = spawnSync(python!, ['-c', script, await write()], { encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    const tags = [...new Set(HISTORY.flatMap((record) => Object.keys(scalarsOf(record))))];
    expect(JSON.parse(stdout)).toEqual(
      Object.fromEntries(
        tags.map((tag) => [
          tag,
          HISTORY.flatMap((record) => {
            const value = scalarsOf(record)[tag];
            return value === undefined ? [] : [[record.epoch, value]];
          }),
        ]),
      ),
    );
  });
});

it('puts epochs that were trained before now as far apart as they took', async () => {
  const times = (await eventsOf(await atOnce())).map(({ wallTime }) => wallTime);
  for (const [index, { seconds }] of HISTORY.entries())
    expect(times[index + 1]! - times[index]!).toBeCloseTo(seconds, 3);
});

it('has a line of keys before there is an epoch', () => {
  expect(historyCsv([])).toBe('epoch,phase\n');
});
