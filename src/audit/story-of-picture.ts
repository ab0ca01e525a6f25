import type { Chapter, Sources } from './chapter.js';
import type { GroupLine, PhotoRow } from './run-files.js';

/** Links that are told of one photo at most. */
const TOLD = 8;

/** What was merged into a photo, and on what grounds; of a merged image, its own merging alone. */
export function pictureChapters(photo: PhotoRow, asked: string, { groups }: Sources): Chapter[] {
  const pairs = groups.filter(({ relation }) => relation === 'same').flatMap((group) => group.pairs);
  return photo.images
    .filter((image) => image !== photo.imageId && (asked === photo.imageId || asked === image))
    .map((image) => {
      const why = pairs.filter(({ a, b }) => a === image || b === image).map((pair) => ground(pair, image));
      const grounds = why.length === 0 ? '' : `: it has ${[...new Set(why)].join(', and ')}`;
      const text = `${image} is the same picture as ${photo.imageId} and was merged into it${grounds}`;
      return { stage: 'deduplicate', reason: 'same-picture', text };
    });
}

function ground({ a, b, ground, distance }: GroupLine['pairs'][number], image: string): string {
  const other = a === image ? b : a;
  if (ground !== 'near') return `the same ${ground} as ${other}`;
  return `nearly the same pixels as ${other}, in colour, and a hash ${distance ?? 0} of 64 bits apart`;
}

/** Which photos it must stay with, and why. */
export function familyChapter(photo: PhotoRow, { known, groups }: Sources): Chapter {
  const others = known.photosOfComponent(photo.component).filter(({ imageId }) => imageId !== photo.imageId);
  const stage = 'deduplicate';
  if (others.length === 0)
    return { stage, text: `nothing ties it to another photo: component ${photo.component} is its own` };
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
    text: `it belongs with ${count} of component ${photo.component}: ${list.join(', ')}${more}${chained}`,
  };
}
