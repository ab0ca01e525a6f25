import type { LedgerEntry } from '../ledger.js';
import type { Attributes, SampleRecord } from '../records.js';
import type { ImageRow } from '../sources/source.js';
import { type DumpRow, placeOfRow } from './dump-rows.js';
import type { Known } from './known.js';
import { plainly } from './reasons.js';
import type { GroupLine, PhotoRow, PredictionLine } from './run-files.js';

/** One step of what became of a record. */
export interface Chapter {
  stage: string;
  task?: string;
  /** The ledger's, where it has a line of this. */
  reason?: string;
  text: string;
  todo?: string;
}

/** Everything that stories are told from. */
export interface Sources {
  known: Known;
  groups: readonly GroupLine[];
  /** Lines of the ledger that name a key, an image of its picture or a row that shows it. */
  ledgerOf(name: string): readonly LedgerEntry[];
  /** undefined: the dump was not there to be read. */
  rows: readonly DumpRow[] | undefined;
  table: ReadonlyMap<string, ImageRow>;
  /** A photo's attributes, as curation resolved them. */
  attributesOf(imageId: string): Readonly<Record<string, unknown>>;
  /** The caches that hold a file, by sha256. */
  cachedIn(sha256: string): readonly { path: string; key: number }[];
  predictionsOf(task: string): readonly PredictionLine[] | undefined;
  tasks: readonly string[];
}

/** Links that are told of one photo at most. */
const TOLD = 8;

/** The chapters of one row of a shard. */
export function storyOfRow(place: string, { ledgerOf }: Sources): Chapter[] {
  return ledgerOf(place).map(entryChapter);
}

/** The chapters of an item: its rows, and what became of each of its images. */
export function storyOfItem(itemId: string, sources: Sources): Chapter[] {
  const { rows, known, ledgerOf } = sources;
  const own = rows?.filter((row) => row.itemId === itemId);
  const images = new Set<string>();
  const chapters: Chapter[] = [];
  if (own === undefined)
    chapters.push({ stage: 'parse', text: 'the dump is not there: its rows are not known' });
  for (const row of own ?? []) {
    const shown = [...new Set([row.mainImageId, ...row.otherImageIds])].filter((id) => id !== undefined);
    for (const image of shown) images.add(image);
    chapters.push({ stage: 'parse', text: `${readAt(row)}: it shows ${shown.join(', ') || 'no image'}` });
    chapters.push(...ledgerOf(placeOfRow(row)).map(entryChapter));
  }
  const ofItem = ledgerOf(itemId).filter(
    ({ stage, reason }) => stage === 'explode' || reason === 'image-unknown',
  );
  chapters.push(
    ...ofItem.map((entry) =>
      entryChapter({ ...entry, ...(entry.stage === 'join' && { detail: `${itemId}` }) }),
    ),
  );
  for (const photo of known.photosOfItem(itemId)) for (const image of photo.images) images.add(image);
  // Of a merged photo's images only some are the item's own, where the rows say so.
  const theirs =
    own === undefined || own.length === 0
      ? images
      : new Set([...images].filter((image) => own.some((row) => shows(row, image))));
  for (const image of theirs) {
    const last = storyOfImage(image, sources)
      .filter(({ stage }) => stage !== 'evaluate')
      .at(-1);
    if (last) chapters.push({ ...last, text: `image ${image}: ${last.text}` });
  }
  return chapters;
}

/** The chapters of an image, in the order of the stages. */
export function storyOfImage(imageId: string, sources: Sources): Chapter[] {
  const { known, ledgerOf, tasks } = sources;
  const found = known.photoOf(imageId);
  const photo = found?.photo;
  const own = ledgerOf(imageId).filter((entry) => isAbout(entry, imageId));
  const chapters = [...readChapters(imageId, sources), ...joinChapters(imageId, photo, sources, own)];
  const deduplicated = own.filter(
    ({ stage, reason }) => stage === 'deduplicate' && reason !== 'same-picture',
  );
  chapters.push(...deduplicated.map(entryChapter));
  if (photo === undefined) {
    const samples = known.samplesOf(imageId);
    for (const task of tasks) chapters.push(...taskChapters(task, imageId, samples, sources));
    return chapters;
  }
  chapters.push(...pictureChapters(photo, imageId, sources));
  if (photo.imageId !== imageId) {
    const text = `what follows is the story of ${photo.imageId}`;
    const conflicts = ledgerOf(photo.imageId).filter(
      ({ stage, key, fate }) => stage === 'deduplicate' && fate === 'conflict' && key === photo.imageId,
    );
    chapters.push({ stage: 'deduplicate', text }, ...conflicts.map(entryChapter));
  }
  chapters.push(familyChapter(photo, sources));
  const samples = known.samplesOf(photo.imageId);
  for (const task of tasks) chapters.push(...taskChapters(task, photo.imageId, samples, sources));
  return chapters;
}

function isAbout({ key, into, reason }: LedgerEntry, imageId: string): boolean {
  if (reason === 'same-image') return into === imageId;
  return key === imageId;
}

function shows({ mainImageId, otherImageIds }: DumpRow, imageId: string): boolean {
  return mainImageId === imageId || otherImageIds.includes(imageId);
}

function readAt(row: DumpRow): string {
  const { shard = 'the stream', line, itemId, marketplace, country } = row;
  const market = [marketplace, country].filter((part) => part !== undefined).join(', ');
  return `read in ${shard}, line ${line ?? '?'}: item ${itemId}${market === '' ? '' : ` (${market})`}`;
}

/** Which listings show it, and as what. */
function readChapters(imageId: string, { rows, ledgerOf }: Sources): Chapter[] {
  if (rows === undefined)
    return [{ stage: 'parse', text: 'the dump is not there: which rows show it is not known' }];
  const showing = rows.filter((row) => shows(row, imageId));
  if (showing.length === 0)
    return [
      { stage: 'join', text: 'no listing shows it: an orphan of the image table, which goes no further' },
    ];
  return showing.flatMap((row) => [
    {
      stage: 'parse',
      text: `${readAt(row)} shows it as its ${row.mainImageId === imageId ? 'main' : 'other'} image`,
    },
    ...ledgerOf(placeOfRow(row))
      .filter(({ key }) => key === placeOfRow(row))
      .map(entryChapter),
  ]);
}

function joinChapters(
  imageId: string,
  photo: PhotoRow | undefined,
  { table }: Sources,
  own: readonly LedgerEntry[],
): Chapter[] {
  const row = table.get(imageId);
  const path = row?.path ?? (photo?.imageId === imageId ? photo.path : undefined);
  const size = row === undefined ? '' : `, ${row.width} × ${row.height} in the image table`;
  const chapters: Chapter[] =
    path === undefined ? [] : [{ stage: 'join', text: `its file is ${path}${size}` }];
  return [...chapters, ...own.filter(({ stage }) => stage === 'join').map(entryChapter)];
}

/** What was merged into a photo, and on what grounds; of a merged image, its own merging alone. */
function pictureChapters(photo: PhotoRow, asked: string, { groups }: Sources): Chapter[] {
  const pairs = groups.filter(({ relation }) => relation === 'same').flatMap((group) => group.pairs);
  return photo.images
    .filter((image) => image !== photo.imageId && (asked === photo.imageId || asked === image))
    .map((image) => {
      const why = pairs.filter(({ a, b }) => a === image || b === image).map((pair) => ground(pair, image));
      const grounds = why.length === 0 ? '' : `: ${[...new Set(why)].join(', ')}`;
      const text = `${image} is the same picture as ${photo.imageId} and was merged into it${grounds}`;
      return { stage: 'deduplicate', reason: 'same-picture', text };
    });
}

function ground({ a, b, ground, distance }: GroupLine['pairs'][number], image: string): string {
  const bits = distance === undefined ? '' : `, ${distance} bits of 64 apart`;
  return `${ground} as ${a === image ? b : a}${bits}`;
}

/** Which photos it must stay with, and why. */
function familyChapter(photo: PhotoRow, { known, groups }: Sources): Chapter {
  const others = known.photosOfComponent(photo.component).filter(({ imageId }) => imageId !== photo.imageId);
  const stage = 'deduplicate';
  if (others.length === 0) return { stage, text: `its component is its own (${photo.component})` };
  const items = new Set(photo.items);
  const near = groups.filter(({ relation }) => relation === 'family').flatMap(({ pairs }) => pairs);
  const told = others.map(({ imageId, items: theirs, images }) => {
    const shared = theirs.find((item) => items.has(item));
    const pair = near.find(
      ({ a, b, ground }) =>
        ground !== 'item' &&
        ((photo.images.includes(a) && images.includes(b)) ||
          (photo.images.includes(b) && images.includes(a))),
    );
    const why = [
      ...(shared === undefined ? [] : [`item ${shared}`]),
      ...(pair === undefined
        ? []
        : [`${pair.ground}${pair.distance === undefined ? '' : `, ${pair.distance} bits apart`}`]),
    ];
    return { imageId, why: why.join(' and ') };
  });
  const direct = told.filter(({ why }) => why !== '');
  const list = direct.slice(0, TOLD).map(({ imageId, why }) => `${imageId} (${why})`);
  const more = direct.length > TOLD ? `, and ${direct.length - TOLD} more` : '';
  const over = told.length - direct.length;
  const chained = over === 0 ? '' : `; ${over} over others`;
  const count = others.length === 1 ? '1 other photo' : `${others.length} other photos`;
  return {
    stage,
    text: `it stays on one side with ${count} of component ${photo.component}: ${list.join(', ')}${more}${chained}`,
  };
}

/** What one task makes of a photo. */
function taskChapters(
  task: string,
  imageId: string,
  samples: readonly SampleRecord[],
  sources: Sources,
): Chapter[] {
  const { ledgerOf, cachedIn, predictionsOf } = sources;
  const entries = ledgerOf(imageId).filter(({ key }) => key === imageId);
  const own = entries.filter((entry) => entry.task === task);
  const sample = samples.find((one) => one.task === task);
  const labelled = own.every(({ stage }) => stage !== 'label');
  const chapters: Chapter[] = labelled ? labelChapter(task, imageId, sample, sources) : [];
  chapters.push(...own.map(entryChapter));
  if (sample === undefined) return chapters;
  chapters.push({
    stage: 'split',
    task,
    text: `on the ${sample.split} side, as all of component ${sample.component}`,
  });
  for (const { path, key } of sample.sha256 === '' ? [] : cachedIn(sample.sha256)) {
    chapters.push({ stage: 'decode/resize', task, text: `cached in ${path} under key ${key}` });
  }
  chapters.push(...entries.filter(({ stage }) => stage === 'decode/resize').map(entryChapter));
  const prediction = predictionsOf(task)?.find((one) => one.imageId === imageId);
  if (prediction) chapters.push({ stage: 'evaluate', task, text: predictionText(prediction) });
  return chapters;
}

/** The label, and how many of its rows say so, where the task's name is that of its attribute. */
function labelChapter(
  task: string,
  imageId: string,
  sample: SampleRecord | undefined,
  { known, rows, attributesOf }: Sources,
): Chapter[] {
  const found = attributesOf(imageId)[task];
  const is = sample === undefined ? '' : `its label is ${sample.label}`;
  if (found === undefined || found === null) return is === '' ? [] : [{ stage: 'label', task, text: is }];
  const value = String(found);
  const images = known.photoOf(imageId)?.photo.images ?? [imageId];
  const showing = rows?.filter((row) => images.some((image) => shows(row, image)));
  // In any of its languages: the run does not say which one its recipe prefers.
  const saying = showing?.filter(({ attributes }) => says(attributes, task, value)).length;
  const count = saying === undefined ? '' : ` (${saying} of ${showing!.length} rows that show it)`;
  const from = `${is === '' ? '' : ', from '}${task} = ${JSON.stringify(value)}${count}`;
  return [{ stage: 'label', task, text: `${is}${from}` }];
}

function says(attributes: Attributes, name: string, value: string): boolean {
  return Object.hasOwn(attributes, name) && attributes[name]!.some((one) => one.value === value);
}

function predictionText({ label, predicted, top }: PredictionLine): string {
  const verdict = predicted === label ? 'rightly' : `wrongly: it is ${label}`;
  const ranks = top.map(({ label: name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`);
  return `predicted ${predicted}, ${verdict} (${ranks.join(', ')})`;
}

function entryChapter(entry: LedgerEntry): Chapter {
  const { stage, task, reason } = entry;
  return { stage, ...(task !== undefined && { task }), reason, ...plainly(entry) };
}
