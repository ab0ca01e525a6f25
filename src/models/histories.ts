import { join } from 'node:path';
import type { EpochRecord, TrainResult } from '../results.js';
import { addEpoch, writeHistory } from '../sinks/history/files.js';
import type { Training } from './training.js';
import { historyOfTask } from './trunk.js';

/** What a training's history is written of. */
interface Histories {
  /** Absent: nowhere. */
  historyFolder?: string;
  task: string;
  history: readonly EpochRecord[];
  heads?: Training['heads'] | TrainResult['heads'];
}

/** Writes a training's history anew; of tasks that share a trunk each one's too, into a folder of its own in it. */
export async function writeHistories(training: Histories): Promise<void> {
  for (const { place, history } of historiesOf(training)) await writeHistory(place, history);
}

/** Adds the last epoch to what has all before it. */
export async function addToHistories(training: Histories): Promise<void> {
  for (const { place, history } of historiesOf(training)) await addEpoch(place, history);
}

function historiesOf({ historyFolder: folder, task, history, heads = [] }: Histories) {
  if (folder === undefined) return [];
  const means = history.map(({ heads: _, ...record }) => record);
  return [
    { place: { folder, task }, history: means },
    ...heads.map((head) => ({
      place: { folder: join(folder, head.task), task: head.task },
      history: historyOfTask(history, head.task),
    })),
  ];
}
