import { type Chosen, chooseValues, type Details, type LanguagePreference } from '../attributes.js';
import type { JoinedView, PhotoView, ViewRole } from '../records.js';
import { remember } from '../remember.js';

/** What one view says of its image. The images that a listing shows in one role share it. */
export interface ImageView {
  role: ViewRole;
  itemId: string;
  values: Chosen;
  details: Details;
  /** As the photo keeps it. */
  view: PhotoView;
  /** The listing's number, in the order of shards and lines; without these, of their arrival. */
  listing: number;
}

/** A listing's values, and its views by role: millions of views need hundreds of thousands of these. */
interface ListingViews
  extends Pick<ImageView, 'values' | 'details' | 'listing'>,
    Record<ViewRole, ImageView | undefined> {}

/** One image id with all of its views. */
export interface Image {
  imageId: string;
  path: string;
  file: string;
  width: number;
  height: number;
  views: readonly ImageView[];
}

/**
 * Gathers views by image id, in the order in which image ids first arrive; each image's views in the order of their shards
 * and lines. Of a view it holds two numbers until all are there, so that each image's list is made at its length.
 * @param languages which of a listing's texts is its value.
 */
export function imageCollection(languages?: LanguagePreference): {
  /** Whether the view's image was there before. */
  add(view: JoinedView): boolean;
  /** All images; the collection is empty afterwards. */
  images(): Image[];
} {
  const images: Image[] = [];
  const numbers = new Map<string, number>();
  // A listing's views share its attributes: chosen once, and held once.
  const listings = new Map<string, ListingViews>();
  /** Of each view, in the order of arrival: what it says, and its image's number. */
  const said: ImageView[] = [];
  const shownBy = growingNumbers();
  const details = sharedDetails();
  const places = listingPlaces();
  // Each row has its own copy of a marketplace's few names.
  const text = remember((one) => one);
  const photoView = ({ itemId, role, marketplace, domain, country }: JoinedView): PhotoView => ({
    itemId,
    role,
    ...(marketplace !== undefined && { marketplace: text(marketplace) }),
    ...(domain !== undefined && { domain: text(domain) }),
    ...(country !== undefined && { country: text(country) }),
  });
  const listingOf = (joined: JoinedView): ListingViews => {
    const { listing, attributes } = joined;
    const known = listings.get(listing);
    if (known !== undefined) return known;
    const chosen = chooseValues(attributes, languages);
    const number = listings.size;
    const own = {
      values: chosen.values,
      details: details(chosen.details),
      listing: number,
      main: undefined,
      other: undefined,
    };
    listings.set(listing, own);
    places.push(joined);
    return own;
  };
  return {
    add(joined) {
      const { imageId, path, file, width, height, role, itemId } = joined;
      const known = listingOf(joined);
      const { values, details: own, listing } = known;
      known[role] ??= { role, itemId, values, details: own, view: photoView(joined), listing };
      let number = numbers.get(imageId);
      const before = number !== undefined;
      if (number === undefined) {
        number = images.length;
        numbers.set(imageId, number);
        images.push({ imageId, path, file, width, height, views: NO_VIEWS });
      }
      said.push(known[role]);
      shownBy.push(number);
      return before;
    },
    images() {
      numbers.clear();
      const ranks = places.ranks();
      if (ranks !== undefined) {
        for (const own of listings.values()) {
          const listing = ranks[own.listing]!;
          for (const one of [own, own.main, own.other]) if (one !== undefined) one.listing = listing;
        }
      }
      listings.clear();
      const all = images.splice(0);
      const lists = listsOf(said.splice(0), shownBy.take(), all.length);
      if (ranks !== undefined) for (const list of lists) list.sort((a, b) => a.listing - b.listing);
      for (const [number, image] of all.entries()) image.views = lists[number]!;
      return all;
    },
  };
}

/** Where listings stand in their dump. */
function listingPlaces(): {
  push(listing: Pick<JoinedView, 'shard' | 'line'>): void;
  /** Each listing's place among all; undefined where they came in the order of their places. */
  ranks(): Int32Array | undefined;
} {
  const places: { shard: string; line: number }[] = [];
  const shards = remember((one) => one);
  const compare = (a: number, b: number) => {
    const [one, other] = [places[a]!, places[b]!];
    if (one.shard !== other.shard) return one.shard < other.shard ? -1 : 1;
    return one.line - other.line || a - b;
  };
  let inOrder = true;
  return {
    push({ shard = '', line = 0 }) {
      places.push({ shard: shards(shard), line });
      if (places.length > 1 && compare(places.length - 2, places.length - 1) > 0) inOrder = false;
    },
    ranks() {
      const count = places.length;
      if (inOrder) return undefined;
      const ranks = new Int32Array(count);
      const sorted = Array.from({ length: count }, (_, index) => index).sort(compare);
      for (const [rank, index] of sorted.entries()) ranks[index] = rank;
      return ranks;
    },
  };
}

const NO_VIEWS: readonly ImageView[] = [];

/** Whole numbers from 0, of which many come one after the other. */
function growingNumbers(): { push(number: number): void; take(): Int32Array } {
  let numbers = new Int32Array(1024);
  let count = 0;
  return {
    push(number) {
      if (count === numbers.length) {
        const larger = new Int32Array(2 * count);
        larger.set(numbers);
        numbers = larger;
      }
      numbers[count++] = number;
    },
    take() {
      const all = numbers.subarray(0, count);
      numbers = new Int32Array(1024);
      count = 0;
      return all;
    },
  };
}

/** Records by the number of their list, in their order. */
function listsOf<T>(records: readonly T[], numbers: Int32Array, count: number): T[][] {
  const lengths = new Int32Array(count);
  for (const number of numbers) lengths[number]! += 1;
  const lists = Array.from(lengths, (length) => new Array<T>(length));
  for (const [at, number] of numbers.entries()) {
    const list = lists[number]!;
    list[list.length - lengths[number]!--] = records[at]!;
  }
  return lists;
}

/** Equal details as one; few are different: units, languages, standardized colours. */
function sharedDetails(): (details: Details) => Details {
  const known = new Map<string, Details>();
  return (details) => {
    const text = JSON.stringify(details);
    const earlier = known.get(text) ?? details;
    known.set(text, earlier);
    return earlier;
  };
}
