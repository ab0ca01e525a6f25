import { z } from 'zod';
import { PipelineError } from '../errors.js';
import {
  type JoinedView,
  type LabelledPhoto,
  type Listing,
  type Photo,
  ROLES,
  type View,
} from '../records.js';
import type { RawRow } from '../sources/source.js';
import type { Stage } from '../stage.js';
import { describeIssues } from '../zod-issues.js';

// Only what the stages after them read: people write such records, too.
const id = z.string().min(1);
const attributeValue = z.looseObject({
  value: z.string(),
  language: z.string().optional(),
  standardized: z.array(z.string()).optional(),
  unit: z.string().optional(),
});
const attributes = z.record(z.string(), z.array(attributeValue));
const role = z.enum(ROLES);
const pixels = z.int().min(0);

const listing = z.looseObject({
  itemId: id,
  mainImageId: id.optional(),
  otherImageIds: z.array(id),
  attributes,
  digest: z.string(),
});
const view = z.looseObject({ imageId: id, role, itemId: id, attributes, listing: z.string() });
const joinedView = view.extend({ path: id, file: id, width: pixels, height: pixels });
const photo = z.looseObject({
  imageId: id,
  path: id,
  file: id,
  sha256: z.string(),
  role: role.optional(),
  attributes: z.record(z.string(), z.string()),
  details: z.record(z.string(), z.looseObject({})).optional(),
  component: id,
});
const labelledPhoto = z.looseObject({
  path: id,
  label: z.string().min(1),
  component: id,
  imageId: id,
  task: id,
  role: role.optional(),
});

/** What a filter takes, and which stage gives it. */
const SHAPES = {
  listing: { schema: listing, from: 'parse' },
  view: { schema: view, from: 'explode' },
  'joined view': { schema: joinedView, from: 'join' },
  photo: { schema: photo, from: 'deduplicate' },
  'labelled photo': { schema: labelledPhoto, from: 'label or balance' },
} satisfies Record<string, { schema: z.ZodType; from: string }>;

/** The records that filters take, by name. */
export interface PipedRecords {
  listing: Listing;
  view: View;
  'joined view': JoinedView;
  photo: Photo;
  'labelled photo': LabelledPhoto;
}

/**
 * Lines on stdin → records of the stage before, as they are; a line that is not JSON, or another stage's record, is
 * quarantined.
 */
export function readRecords<Name extends keyof PipedRecords>(name: Name): Stage<RawRow, PipedRecords[Name]> {
  return {
    name: 'read',
    async *run(source, { account }) {
      let line = 0;
      for await (const row of source) {
        line += 1;
        const read = readRecord(row, name);
        if ('record' in read) yield read.record as PipedRecords[Name];
        else account.quarantined(`stdin:${line}`, read.reason, read.error);
      }
    },
  };
}

function readRecord(
  { text, fault }: RawRow,
  name: keyof PipedRecords,
): { record: unknown } | { reason: string; error: unknown } {
  if (fault !== undefined)
    return { reason: fault.reason, error: new PipelineError('INPUT_INVALID', fault.detail) };
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return { reason: 'invalid-json', error };
  }
  const { schema, from } = SHAPES[name];
  const result = schema.safeParse(record, { reportInput: true });
  if (result.success) return { record };
  const [problem] = describeIssues(result.error.issues);
  const error = new PipelineError('INPUT_INVALID', `Expected a ${name} from ${from}: ${problem}`);
  return { reason: 'other-record', error };
}
