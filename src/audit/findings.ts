import type { Side } from '../records.js';

/** What is proved of a run, in the order in which it is reported. */
export const CHECKS = {
  files: 'what the steps wrote is there, and the samples as they were written',
  photo: 'a photo has one side, in all tasks',
  component: 'a component has one side',
  item: 'an item’s photos have one side',
  bytes: 'equal bytes have one side',
  'same-picture': 'the same picture has one side',
  near: 'near pictures have one side',
  name: 'items of one name have one side',
  chain: 'what links join over several photos has one side',
  changed: 'the photos on the disk are those that were curated',
  caches: 'caches hold the samples with their sides',
  predictions: 'what was scored is the evaluated side',
  stages: 'stages add up and follow one another',
  ledger: 'the ledger has a line for every record that was not passed on',
  records: 'every photo is a sample or in the ledger, for each task',
  summary: 'the summary says what the files hold',
} as const;

export type CheckName = keyof typeof CHECKS;

/** Findings of these say that what a model is judged by was seen in training. */
export const LEAKS: ReadonlySet<CheckName> = new Set<CheckName>([
  'photo',
  'component',
  'item',
  'bytes',
  'same-picture',
  'near',
  'name',
  'chain',
]);

/** One photo where it stands. */
export interface PlacedPhoto {
  imageId: string;
  path: string;
  task: string;
  side: Side;
}

/** Something that is not as it should be. */
export interface Finding {
  check: CheckName;
  /** What it is about: an image id, an item, a hash, a file, a stage. */
  key: string;
  message: string;
  /** Of a leak: photos on each of the sides. */
  photos?: PlacedPhoto[];
}

/** How one check went. */
export interface CheckResult {
  check: CheckName;
  /** How many photos, items, pairs, lines, … were looked at. */
  looked: number;
  found: number;
  /** Why it could not be made, or not on everything. */
  note?: string;
}

/** Keeps what checks find, and how much they looked at. */
export interface Findings {
  found(finding: Finding): void;
  /** `count` more were looked at. */
  looked(check: CheckName, count: number, note?: string): void;
  result(): { checks: CheckResult[]; findings: Finding[] };
}

export function findings(): Findings {
  const list: Finding[] = [];
  const looks = new Map<CheckName, { looked: number; note?: string }>();
  return {
    found: (finding) => void list.push(finding),
    looked(check, count, note) {
      const { looked = 0, note: earlier } = looks.get(check) ?? {};
      const told = note ?? earlier;
      looks.set(check, { looked: looked + count, ...(told !== undefined && { note: told }) });
    },
    result: () => ({
      checks: (Object.keys(CHECKS) as CheckName[]).flatMap((check) => {
        const look = looks.get(check);
        const found = list.filter((finding) => finding.check === check).length;
        return look === undefined && found === 0 ? [] : [{ check, looked: 0, ...look, found }];
      }),
      findings: list,
    }),
  };
}
