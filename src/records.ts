/**
 * The records that flow between stages. All are plain JSON: a stage can be a Unix filter, and any run can be
 * looked at with `jq`. Attribute maps are made with `Object.fromEntries`, which keeps a key like `__proto__`
 * an ordinary key.
 */

/** One value of one attribute, in one language. */
export interface AttributeValue {
  value: string;
  /** BCP-47-like tag as the dump writes it, such as `en_US`. */
  language?: string;
  /** ABO's `standardized_values` of colours and materials. */
  standardized?: string[];
  /** Unit of a number, such as `kilograms`. */
  unit?: string;
}

/** What is known of a photo's value beside its text; what says nothing is absent. */
export interface ValueDetail {
  /** Absent where it is English, and where the dump does not say it. */
  language?: string;
  unit?: string;
  standardized?: readonly string[];
  /** The listing's other texts of the attribute, of other languages. */
  variants?: readonly string[];
}

export type Attributes = Record<string, AttributeValue[]>;

/** Where in the dump a record was read; undefined for records that came through a pipe. */
export interface Provenance {
  /** File name of the shard, such as `listings_0.json.gz`. */
  shard?: string | undefined;
  /** 1-based line in the shard. */
  line?: number | undefined;
}

/** One row of the dump: an item in one marketplace. */
export interface Listing extends Provenance {
  itemId: string;
  marketplace?: string | undefined;
  domain?: string | undefined;
  country?: string | undefined;
  mainImageId?: string | undefined;
  otherImageIds: readonly string[];
  attributes: Attributes;
  /** First 32 hex digits of the sha256 of the row's canonical JSON: equal for identical rows. */
  digest: string;
}

export type ViewRole = 'main' | 'other';
export const ROLES: readonly ViewRole[] = ['main', 'other'];

/** One (image, listing) pair: what exploding a listing gives. */
export interface View extends Provenance {
  imageId: string;
  role: ViewRole;
  itemId: string;
  marketplace?: string | undefined;
  domain?: string | undefined;
  country?: string | undefined;
  attributes: Attributes;
  /** The listing's digest. */
  listing: string;
}

/** A view whose image was found in the image table and in the dump. */
export interface JoinedView extends View {
  /** Relative to `images/small`, with forward slashes. */
  path: string;
  /** Where its bytes are, as `src/place.ts` writes it: an absolute path, or a member of an archive. */
  file: string;
  /** The original photo's size in pixels, from the image table. */
  width: number;
  height: number;
}

/** Who shows a photo, where, and as what; what the dump does not say is absent. */
export interface PhotoView {
  itemId: string;
  role: ViewRole;
  marketplace?: string;
  /** Such as `amazon.nl`. */
  domain?: string;
  country?: string;
}

/** One distinct image with the attributes merged from all its views. */
export interface Photo {
  imageId: string;
  path: string;
  file: string;
  /** The original photo's size in pixels, from the image table. */
  width: number;
  height: number;
  /** sha256 of the file's bytes, hex; empty with `photos: none|stat`, where no file is read. */
  sha256: string;
  /** `main` where any of its views is a listing's main image. */
  role: ViewRole;
  /** All of its views, those of merged images too: by item id, main ones first, then by place. */
  views: readonly PhotoView[];
  /** All image ids of this picture, sorted; more than one where same pictures were merged. */
  images: string[];
  /** All item ids that show it, sorted; without those that `--previous` keeps from tying photos. */
  items: string[];
  /** One value an attribute, after conflicts between its views were resolved. */
  attributes: Record<string, string>;
  /** Of those values that have any, by attribute. */
  details?: Record<string, ValueDetail>;
  /** The smallest image id of the photos that must stay on one side of a split. */
  component: string;
}

export type Side = 'train' | 'validation' | 'test';
export const SIDES: readonly Side[] = ['train', 'validation', 'test'];

/** Levels of a category tree. */
export type Level = 'coarse' | 'middle' | 'fine';
/** A class's place in a category tree: its group's group, its group, itself. */
export type TreePath = Record<Level, string>;

/** A photo with its label and component for one task, before it has a side; with a tree, the path of its class. */
export interface LabelledPhoto extends Partial<TreePath> {
  path: string;
  file: string;
  label: string;
  component: string;
  imageId: string;
  sha256: string;
  task: string;
  /** The photo's; absent where samples were given and do not say it. */
  role?: ViewRole;
}

/** A photo with its label, side and component for one task. */
export interface Sample extends LabelledPhoto {
  split: Side;
}

/** A sample as it is written to files and pipes: no place, so that a run folder can be moved. */
export type SampleRecord = Omit<Sample, 'file'>;

/** The keys of a written sample, in their order; the role comes last (`samplesDigest`). */
export function sampleRecord(sample: Sample): SampleRecord {
  const { path, label, split, component, imageId, sha256, task, coarse, middle, fine, role } = sample;
  const levels = fine === undefined ? {} : { coarse: coarse!, middle: middle!, fine };
  return { path, label, split, component, imageId, sha256, task, ...levels, ...(role && { role }) };
}
