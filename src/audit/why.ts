import type { LedgerEntry } from '../ledger.js';
import { resolveOutput } from '../run.js';
import { openCache } from '../sinks/tensor-cache/open.js';
import type { ImageRow, Source } from '../sources/source.js';
import type { Chapter, Sources } from './chapter.js';
import { type DumpRow, imagesNamed, placeOfRow, rowsNaming } from './dump-rows.js';
import { type Known, knownOf, type Subject, subjectIn, withoutRoot } from './known.js';
import {
  type GroupLine,
  type PredictionLine,
  type RunFiles,
  readGroups,
  readLedger,
  readPhotoRow,
  readPhotos,
  readPredictions,
  readRun,
  readTask,
  type TaskFiles,
} from './run-files.js';
import { storyOfImage, storyOfItem, storyOfRow } from './story.js';

/** What became of what a key names. */
export interface Story {
  /** As it was asked for. */
  key: string;
  about: Subject['about'];
  id: string;
  chapters: Chapter[];
}

export interface Answer {
  run: string;
  stories: Story[];
  /** Keys that neither the run nor its dump names, with some that look like them. */
  unknown: { key: string; near: string[] }[];
}

/**
 * Tells what became of records of a run, from its ledger, its files and its dump.
 * @param options.keys image ids, photos' paths, item ids, or rows as `shard:line`.
 * @param options.source the dump; undefined: the rows that show an image are not told.
 * @throws {PipelineError} `USAGE` where there is no run, `INPUT_INVALID` for files that cannot be read.
 */
export async function explainRecords(options: {
  run: string;
  keys: readonly string[];
  source: Source | undefined;
  signal: AbortSignal;
}): Promise<Answer> {
  const { keys, source, signal } = options;
  const run = await readRun(options.run);
  const tasks: TaskFiles[] = [];
  for (const task of Object.keys(run.summary.tasks)) tasks.push(await readTask(run, task, signal));
  const known = knownOf((await readPhotos(run)) ?? [], tasks);

  const subjects = await subjectsOf(keys, { run, known, source, signal });
  const wanted = namesOf([...subjects.values()], known);
  const rows = source && (await rowsNaming(source, wanted, signal));
  // The images of an item, and of a row, are told of as well.
  const items = new Set([...subjects.values()].flatMap(({ about, id }) => (about === 'image' ? [] : [id])));
  for (const row of rows ?? []) {
    if (!items.has(row.itemId) && !items.has(placeOfRow(row))) continue;
    for (const image of [row.mainImageId, ...row.otherImageIds]) {
      if (image !== undefined)
        for (const name of namesOf([{ about: 'image', id: image }], known)) wanted.add(name);
    }
  }
  const all = items.size > 0 && source ? await rowsNaming(source, wanted, signal) : rows;
  const sources = await sourcesOf(run, { tasks, known, wanted, rows: all, source, signal });
  const tell = { image: storyOfImage, item: storyOfItem, row: storyOfRow };
  return {
    run: run.path,
    stories: keys.flatMap((key) => {
      const subject = subjects.get(key);
      if (subject === undefined) return [];
      return { key, ...subject, chapters: tell[subject.about](subject.id, sources) };
    }),
    unknown: keys.filter((key) => !subjects.has(key)).map((key) => ({ key, near: known.near(key) })),
  };
}

/** What each key names: by the files, else by the ledger, else by the dump. */
async function subjectsOf(
  keys: readonly string[],
  {
    run,
    known,
    source,
    signal,
  }: { run: RunFiles; known: Known; source: Source | undefined; signal: AbortSignal },
): Promise<Map<string, Subject>> {
  const found = new Map<string, Subject>();
  const open = () => keys.filter((key) => !found.has(key));
  for (const key of keys) {
    const subject = known.subjectOf(key);
    if (subject) found.set(key, subject);
  }
  if (open().length > 0) {
    for await (const entry of readLedger(run, signal)) {
      for (const key of open()) {
        const subject = subjectIn(key, entry);
        if (subject) found.set(key, subject);
      }
    }
  }
  if (source === undefined || open().length === 0) return found;
  const missing = open();
  for (const { imageId, path } of await imagesNamed(source, new Set(missing.map(withoutRoot)), signal)) {
    for (const key of missing)
      if ([imageId, path].includes(withoutRoot(key))) found.set(key, { about: 'image', id: imageId });
  }
  for (const row of await rowsNaming(source, new Set(open()), signal)) {
    for (const key of open()) {
      if (row.itemId === key) found.set(key, { about: 'item', id: key });
      if (placeOfRow(row) === key) found.set(key, { about: 'row', id: key });
    }
  }
  return found;
}

/** The names that stories of these subjects need lines and rows of. */
function namesOf(subjects: readonly Subject[], known: Known): Set<string> {
  const names = new Set<string>();
  for (const { about, id } of subjects) {
    names.add(id);
    const photos = about === 'item' ? known.photosOfItem(id) : [known.photoOf(id)?.photo];
    for (const photo of photos) for (const image of photo?.images ?? []) names.add(image);
  }
  return names;
}

async function sourcesOf(
  run: RunFiles,
  options: {
    tasks: readonly TaskFiles[];
    known: Known;
    wanted: ReadonlySet<string>;
    rows: readonly DumpRow[] | undefined;
    source: Source | undefined;
    signal: AbortSignal;
  },
): Promise<Sources> {
  const { tasks, known, wanted, rows, source, signal } = options;
  const table = new Map<string, ImageRow>();
  if (source)
    for (const row of await imagesNamed(source, wanted, signal))
      table.set(row.imageId, table.get(row.imageId) ?? row);

  const lines = new Map<string, LedgerEntry[]>();
  const names = new Set([...wanted, ...(rows ?? []).map(placeOfRow)]);
  for await (const entry of readLedger(run, signal)) {
    const { key, into = '', detail = '', reason } = entry;
    const told = new Set([key, into, ...(reason === 'image-unknown' ? [detail] : [])]);
    for (const name of told) {
      if (!names.has(name)) continue;
      lines.set(name, [...(lines.get(name) ?? []), entry]);
    }
  }
  const attributes = new Map<string, Record<string, unknown>>();
  for (const name of wanted) {
    const found = known.photoOf(name);
    if (found && !attributes.has(found.photo.imageId)) {
      attributes.set(found.photo.imageId, await readPhotoRow(run, found.row));
    }
  }
  const predictions = new Map<string, PredictionLine[]>();
  for (const { task } of tasks) {
    const list = await readPredictions(run, task, signal);
    if (list) predictions.set(task, list);
  }
  const groups: GroupLine[] = (await readGroups(run, signal)).filter(({ images }) =>
    images.some((image) => wanted.has(image)),
  );
  return {
    known,
    groups,
    rows,
    table,
    tasks: tasks.map(({ task }) => task),
    splitBy: (task) => run.summary.tasks[task]!.splitBy,
    ledgerOf: (name) => lines.get(name) ?? [],
    attributesOf: (imageId) => attributes.get(imageId) ?? {},
    predictionsOf: (task) => predictions.get(task),
    cachedIn: await cacheKeys(run, known, wanted),
  };
}

/** Which of a run's caches hold the wanted photos, under which key. */
async function cacheKeys(
  { path, summary }: RunFiles,
  known: Known,
  wanted: ReadonlySet<string>,
): Promise<Sources['cachedIn']> {
  const keys = new Map<string, { path: string; key: number }[]>();
  const hashes = new Set([...wanted].flatMap((name) => known.samplesOf(name).map(({ sha256 }) => sha256)));
  for (const cache of summary.caches) {
    const opened = openCache(resolveOutput(path, cache.path));
    try {
      for (const sha256 of hashes) {
        const key = sha256 === '' ? undefined : opened.keyOf(sha256);
        if (key !== undefined) keys.set(sha256, [...(keys.get(sha256) ?? []), { path: cache.path, key }]);
      }
    } finally {
      await opened.close();
    }
  }
  return (sha256) => keys.get(sha256) ?? [];
}
