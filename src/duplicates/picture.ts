import { type Conflict, resolveConflicts } from '../attributes.js';
import type { Photo, PhotoView, ValueDetail } from '../records.js';
import type { Image } from './images.js';

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

/** A picture as one photo: attributes of main views count before others', then those that arrived first. */
export function photoOf(
  { images, representative, sha256 }: Picture,
  component: string,
  rule: 'majority' | 'first',
): { photo: Photo; conflicts: Conflict[] } {
  const views = images.flatMap((image) => image.views);
  const main = views.filter(({ role }) => role === 'main');
  const ordered = [...main, ...views.filter(({ role }) => role !== 'main')];
  const { values, conflicts } = resolveConflicts(
    ordered.map((view) => view.values),
    rule,
  );
  const { imageId, path, file, width, height } = representative;
  const details = detailsOf(ordered, values);
  const photo: Photo = {
    imageId,
    path,
    file,
    width,
    height,
    sha256,
    role: main.length > 0 ? 'main' : 'other',
    views: views.map(({ view }) => view).sort(inOrder),
    images: images.map((image) => image.imageId).sort(),
    items: [...new Set(views.map(({ itemId }) => itemId))].sort(),
    attributes: values,
    ...(Object.keys(details).length > 0 && { details }),
    component,
  };
  return { photo, conflicts };
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

/** Of each value what the first view that says it knows. */
function detailsOf(
  views: Image['views'],
  values: Readonly<Record<string, string>>,
): Record<string, ValueDetail> {
  const found = Object.entries(values).map(([name, value]) => {
    const saying = views.find((view) => Object.hasOwn(view.values, name) && view.values[name] === value);
    const details = saying?.details;
    return [name, details && Object.hasOwn(details, name) ? details[name] : undefined] as const;
  });
  return Object.fromEntries(found.filter((entry): entry is [string, ValueDetail] => entry[1] !== undefined));
}
