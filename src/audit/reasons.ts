import type { LedgerEntry } from '../ledger.js';

/** What a reason of the ledger means in plain words, and what can be done about it. */
export interface Reason {
  /** What became of the record; without a full stop. */
  means(entry: LedgerEntry): string;
  /** What to do, where something can be done. */
  todo?: string;
}

const detail = ({ detail = '' }: LedgerEntry) => (detail === '' ? '' : ` (${detail})`);
const into = ({ into = 'another' }: LedgerEntry) => into;
const says = (text: string) => (entry: LedgerEntry) => `${text}${detail(entry)}`;

const FETCH = 'fetch this photo again, then run the same command';
const REPAIR_ROW = 'repair the row in its shard, or leave it out';

/** Every reason that stages write, by its name. */
export const REASONS: Readonly<Record<string, Reason>> = {
  'identical-row': {
    means: (entry) => `this row says exactly what ${into(entry)} says, and was merged into it`,
  },
  'invalid-json': { means: says('this row is not JSON and was quarantined'), todo: REPAIR_ROW },
  'not-an-object': { means: says('this row is no JSON object and was quarantined'), todo: REPAIR_ROW },
  'item-id-missing': { means: says('this row has no item id and was quarantined'), todo: REPAIR_ROW },
  'line-too-long': {
    means: says('this row is too long to be a listing and was quarantined'),
    todo: REPAIR_ROW,
  },
  'invalid-utf8': { means: says('this row is not UTF-8 and was quarantined'), todo: REPAIR_ROW },
  'invalid-csv': {
    means: says(
      'this record has more or fewer fields than the first line names columns, and was quarantined',
    ),
    todo: REPAIR_ROW,
  },
  'truncated-shard': {
    means: says('the shard ends here in the middle of a row, which was quarantined'),
    todo: 'fetch the shard again',
  },
  'unreadable-shard': { means: says('the shard cannot be read from here on'), todo: 'fetch the shard again' },
  'value-ignored': { means: says('a value of this row has no usable shape and was ignored') },
  'no-image': { means: () => 'a listing of this item shows no image and was dropped' },
  'no-main-image': {
    means: () =>
      'a listing of this item has other images but no main one, and only main ones are wanted: dropped',
    todo: 'take all images with views: all',
  },
  'image-unknown': {
    means: ({ detail: item = 'an item' }) =>
      `${item} shows it, but the image table does not know it: this view was dropped`,
    todo: 'use the image table that belongs to these listings',
  },
  'file-missing': {
    means: says('its file is not there: dropped'),
    todo: 'fetch this photo, or unpack the whole of images/small, then run the same command',
  },
  'path-outside': {
    means: says('its path leads out of images/small, and was quarantined'),
    todo: 'correct the path in the image table',
  },
  'image-path-conflict': {
    means: says('the image table has it twice with different paths; the first counts'),
  },
  'same-image': {
    means: ({ key, into: image }) =>
      `${key.split('/')[0]} shows ${image ?? 'it'} too: one photo has all its views`,
  },
  'same-picture': {
    means: ({ key, ...entry }) =>
      `${key} is the same picture as ${into({ key, ...entry })} and was merged into it`,
  },
  boilerplate: {
    means: ({ detail = 'too often' }) =>
      `it stands ${detail}, as a logo or a size chart does, and says nothing of any of them: dropped`,
    todo: 'raise deduplicate.boilerplate, or set it to false',
  },
  'split-bridge': {
    means: ({ fate, detail = '' }) =>
      fate === 'conflict'
        ? `${detail}, so that it ties nobody`
        : 'it would join two sides of the older run, which are kept: dropped',
    todo: 'split anew, without --previous, to have it',
  },
  'attribute-conflict': { means: says('its listings disagree') },
  'image-empty': { means: says('its file is empty, and was quarantined'), todo: FETCH },
  'not-an-image': { means: says('its file is no image, and was quarantined'), todo: FETCH },
  'image-damaged': { means: says('its file is damaged, and was quarantined'), todo: FETCH },
  'image-too-large': {
    means: says('its file is larger than any photo, and was quarantined'),
    todo: 'put a smaller version in its place',
  },
  'image-unreadable': {
    means: says('its file cannot be read, and was quarantined'),
    todo: 'look at its permissions and the disk',
  },
  'label-missing': {
    means: () => 'none of its listings gives a label: dropped',
    todo: 'name a label for such photos by the task’s missing',
  },
  'label-unmapped': {
    means: says('its value says no label that the task’s normalise knows: dropped'),
    todo: 'name its label in the task’s merge',
  },
  'label-several': {
    means: says('its value says several labels, and the recipe wants one: dropped'),
    todo: 'set multi to first or multi in the task’s normalise',
  },
  'label-dropped': {
    means: says('the recipe drops its label'),
    todo: 'take the label out of the task’s drop',
  },
  'label-not-selected': {
    means: says('its label is not among those that the recipe selects: dropped'),
    todo: 'add it to the task’s select',
  },
  'label-not-in-tree': {
    means: says('the task’s tree has no place for its label: dropped'),
    todo: 'add the label to the tree or to the task’s places',
  },
  'class-too-small': {
    means: says('its class has too few photos: dropped'),
    todo: 'lower the task’s minPerClass, or merge the class into another',
  },
  'class-not-top': {
    means: says('its class is not among the largest that the recipe takes: dropped'),
    todo: 'raise the task’s top, or collect such classes by its other',
  },
  'class-cap': {
    means: () => 'its class has more photos than the cap, and the seeded draw left it out',
    todo: 'raise the task’s cap',
  },
  'path-twice': { means: says('the file of samples names this path twice; the first counts') },
  'invalid-sample': {
    means: says('this line of the file of samples is no sample, and was quarantined'),
    todo: 'repair the line',
  },
  'photo-changed': {
    means: () => 'its file was changed between curation and decoding, and was quarantined',
    todo: 'run the same command again: curation reads it anew',
  },
};

/** A line of the ledger in plain words. */
export function plainly(entry: LedgerEntry): { text: string; todo?: string } {
  const { fate, reason } = entry;
  const known = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  const text = known === undefined ? `${fate}: ${reason}${detail(entry)}` : known.means(entry);
  return known?.todo === undefined ? { text } : { text, todo: known.todo };
}
