import type { LedgerEntry } from '../ledger.js';
import { type Chapter, entryChapter, type Sources, shows } from './chapter.js';
import { type DumpRow, placeOfRow } from './dump-rows.js';
import type { PhotoRow } from './run-files.js';
import { familyChapter, pictureChapters } from './story-of-picture.js';
import { taskChapters } from './story-of-task.js';

/** The chapters of one row of a shard: what it says, and what became of each of its images. */
export function storyOfRow(place: string, sources: Sources): Chapter[] {
  const { rows = [], ledgerOf } = sources;
  const own = ledgerOf(place).filter(({ key }) => key === place);
  const row = rows.find((one) => placeOfRow(one) === place);
  if (row === undefined) return own.map(entryChapter);
  const goesOn = own.every(({ fate }) => fate === 'conflict');
  return [
    rowChapter(row),
    ...own.map(entryChapter),
    ...(goesOn ? shownBy(row).flatMap((image) => outcomes(image, sources)) : []),
  ];
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
    for (const image of shownBy(row)) images.add(image);
    chapters.push(rowChapter(row));
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
  for (const image of theirs) chapters.push(...outcomes(image, sources));
  return chapters;
}

/** Where an image's story ends, for each task: the label and side of its photo, or why there are none. */
function outcomes(imageId: string, sources: Sources): Chapter[] {
  const { known, tasks } = sources;
  const photo = known.photoOf(imageId)?.photo;
  const merged = photo === undefined || photo.imageId === imageId ? '' : `, merged into ${photo.imageId}`;
  const told = (chapter: Chapter) => ({ ...chapter, text: `image ${imageId}${merged}: ${chapter.text}` });
  const story = storyOfImage(imageId, sources);
  const samples = known.samplesOf(photo?.imageId ?? imageId);
  const ends = tasks.flatMap((task) => {
    const sample = samples.find((one) => one.task === task);
    if (sample === undefined) return story.filter((chapter) => chapter.task === task).slice(-1);
    return [{ stage: 'split', task, text: `labelled ${sample.label}, on the ${sample.split} side` }];
  });
  return (ends.length > 0 ? ends : story.slice(-1)).map(told);
}

function rowChapter(row: DumpRow): Chapter {
  return { stage: 'parse', text: `${readAt(row)}: it shows ${shownBy(row).join(', ') || 'no image'}` };
}

function shownBy({ mainImageId, otherImageIds }: DumpRow): string[] {
  return [...new Set([mainImageId, ...otherImageIds])].filter((id) => id !== undefined);
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
