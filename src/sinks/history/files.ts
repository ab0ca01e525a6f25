import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochRecord } from '../../results.js';
import { writeWholeFile } from '../../whole-file.js';
import { eventFileHead, scalarsEvent } from './event-file.js';

/** TensorBoard takes every file whose name holds `tfevents`; of one name, so that a training has one file. */
export const EVENT_FILE = 'events.out.tfevents.0.abo-pipeline';

/** Where a training's history is kept for other programs. */
export interface HistoryFolder {
  folder: string;
  task: string;
}

/** Writes `history.json`, `history.csv` and TensorBoard's event file anew, of the epochs that there are (maybe none). */
export async function writeHistory(
  { folder, task }: HistoryFolder,
  history: readonly EpochRecord[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeTables({ folder, task }, history);
  await writeWholeFile(join(folder, EVENT_FILE), eventFile(history, Date.now() / 1000));
}

/** Adds the last of the epochs to files that have all before it. */
export async function addEpoch(place: HistoryFolder, history: readonly EpochRecord[]): Promise<void> {
  await writeTables(place, history);
  const { epoch, ...rest } = history.at(-1)!;
  await appendFile(join(place.folder, EVENT_FILE), scalarsEvent(Date.now() / 1000, epoch, numbersOf(rest)));
}

/** An event file of a training whose last epoch ended at `now` (seconds since 1970), without breaks between epochs. */
function eventFile(history: readonly EpochRecord[], now: number): Buffer {
  let wallTime = now - history.reduce((sum, { seconds }) => sum + seconds, 0);
  const events = [eventFileHead(wallTime)];
  for (const { epoch, ...rest } of history) {
    wallTime += rest.seconds;
    events.push(scalarsEvent(wallTime, epoch, numbersOf(rest)));
  }
  return Buffer.concat(events);
}

function numbersOf(record: object): Record<string, number> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => typeof value === 'number'));
}

async function writeTables({ folder, task }: HistoryFolder, history: readonly EpochRecord[]): Promise<void> {
  const document = { schemaVersion: 1, task, epochs: history };
  await writeWholeFile(join(folder, 'history.json'), `${JSON.stringify(document, null, 2)}\n`);
  await writeWholeFile(join(folder, 'history.csv'), historyCsv(history));
}

/** A line an epoch under a line of their keys, in the order that they first come in; what an epoch lacks is empty. */
export function historyCsv(history: readonly EpochRecord[]): string {
  const keys = [...new Set(['epoch', 'phase', ...history.flatMap((record) => Object.keys(record))])];
  const rows = history.map((record) => {
    const values = new Map<string, unknown>(Object.entries(record));
    return keys.map((key) => cell(values.get(key)));
  });
  return [keys, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** RFC 4180. */
function cell(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
