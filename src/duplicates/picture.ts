import { type Conflict, resolveConflicts } from '../attributes.js';
import type { Photo, PhotoView } from '../records.js';
import type { Image, ImageView } from './images.js';

/** Images that are one picture, and what their file says. */
export interface Picture {
  /** In order of arrival; the representative is among them. */
  images: readonly Image[];
  representative: Image;
  sha256: string;
}

/** Of images that are one picture: the largest original, then a main image, then the smallest id. */
export function representativeOf(images: readonly Image[]): Image {
  const main = ({ views }: Image) => (views.some(({ role }) => role === 'main') ? 0 : 1);
  return [...images].sort(
    (a, b) =>
      b.width * b.height - a.width * a.height || main(a) - main(b) || (a.imageId < b.imageId ? -1 : 1),
  )[0]!;
}

/** What listings say together. */
interface Said extends Pick<Photo, 'items' | 'attributes' | 'details'> {
  conflicts: readonly Conflict[];
}

/**
 * Makes photos of pictures: attributes of main views count before others', then those that arrived first. The photos of
 * one product are shown by the same listings, and share what these say: it must not be changed.
 */
export function photoMaker(
  rule: 'majority' | 'first',
): (picture: Picture, component: string) => { photo: Photo; conflicts: readonly Conflict[] } {
  const said = new Map<string, Said>();
  const shown = new Map<string, readonly PhotoView[]>();
  return ({ images, representative, sha256 }, component) => {
    const views = images.length === 1 ? images[0]!.views : images.flatMap((image) => image.views);
    const main = views.filter(({ role }) => role === 'main');
    const ordered = main.length === 0 ? views : [...main, ...views.filter(({ role }) => role !== 'main')];
    const listings = ordered.map(({ listing }) => listing).join();
    const { attributes, details, items, conflicts } = known(said, listings, () => saidBy(ordered, rule));
    const roles = `${main.length},${listings}`;
    const photo: Photo = {
      imageId: representative.imageId,
      path: representative.path,
      file: representative.file,
      width: representative.width,
      height: representative.height,
      sha256,
      role: main.length > 0 ? 'main' : 'other',
      views: known(shown, roles, () => views.map(({ view }) => view).sort(inOrder)),
      images: images.map((image) => image.imageId).sort(),
      items,
      attributes,
      ...(details && { details }),
      component,
    };
    return { photo, conflicts };
  };
}

function known<T>(answers: Map<string, T>, key: string, answer: () => T): T {
  let found = answers.get(key);
  if (found === undefined) {
    found = answer();
    answers.set(key, found);
  }
  return found;
}

function saidBy(views: readonly ImageView[], rule: 'majority' | 'first'): Said {
  const { values: attributes, details, conflicts } = resolveConflicts(views, rule);
  return {
    attributes,
    conflicts,
    items: [...new Set(views.map(({ itemId }) => itemId))].sort(),
    ...(Object.keys(details).length > 0 && { details }),
  };
}

/** Whatever order views arrive in, a photo has them in one. */
function inOrder(a: PhotoView, b: PhotoView): number {
  return (
    compare(a.itemId, b.itemId) ||
    compare(a.role, b.role) ||
    compare(a.domain, b.domain) ||
    compare(a.country, b.country) ||
    compare(a.marketplace, b.marketplace)
  );
}

/** By UTF-16 code units; nothing comes first. */
function compare(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
