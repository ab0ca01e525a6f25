import type { LanguagePreference } from '../attributes.js';
import { type BoilerplateLimits, boilerplateOf } from '../duplicates/boilerplate.js';
import { type Bridges, findBridges, type Keyed } from '../duplicates/bridges.js';
import { componentsOf, itemKeys, nameKeys } from '../duplicates/components.js';
import { type Image, imageCollection } from '../duplicates/images.js';
import { equalLinks, joinLinks, type Link, linkedSets } from '../duplicates/links.js';
import { type FamilyGround, type Found, lookAtPhotos, type SameGround } from '../duplicates/look.js';
import { type Picture, photoMaker, representativeOf } from '../duplicates/picture.js';
import type { JoinedView, Photo, Side } from '../records.js';
import type { Stage, StageAccount } from '../stage.js';
import { blocksOf } from '../streams.js';
import { setsOf } from '../union-find.js';

export interface DeduplicateOptions {
  /** Only `decode` reads the photos; otherwise an image id is a photo and nothing is compared. */
  photos: 'decode' | 'stat' | 'none';
  /** Which of several values of one attribute wins. */
  conflicts: 'majority' | 'first';
  /** Which of a listing's texts is its value, by language; default: US English, then any English, then any. */
  language?: LanguagePreference | undefined;
  /** Grounds on which photos are one picture, and merged. */
  same: readonly SameGround[];
  /** Grounds on which photos are of one family, and share a component. */
  family: readonly (FamilyGround | 'item' | 'name')[];
  /** What counts as boilerplate, which is dropped before anything is linked by it; default: nothing. */
  boilerplate?: BoilerplateLimits | false | undefined;
  /** What an older run decided; what would join two of its sides is left out. */
  previous?: PreviousSides;
  /** Told each set of merged and of linked photos; a promise is waited for. */
  groups?: (group: DuplicateGroup) => unknown;
  /** Told each picture that was dropped as boilerplate. */
  pruned?: (picture: PrunedPicture) => void;
}

/** A picture that is boilerplate, and what it stands in. */
export interface PrunedPicture {
  representative: string;
  /** Every image id. */
  images: string[];
  listings: number;
  types: number;
}

/** Sides that an older run gave. */
export interface PreviousSides {
  /** By image id. */
  sides: ReadonlyMap<string, Side>;
  /** Told each component that has a side already. */
  keep(component: string, side: Side): void;
}

/** Photos that were found to belong together, with what says so. */
export interface DuplicateGroup {
  /** `same`: merged into the representative; `family`: linked, on one side of any split. */
  relation: 'same' | 'family';
  /** Of all its images, by the rule of `representativeOf`. */
  representative: string;
  /** Every image id, merged ones too. */
  images: string[];
  pairs: { a: string; b: string; ground: Link['ground']; distance?: number }[];
}

/**
 * Views → photos: one record a picture. Views of one image id are one photo; photos that are the same picture are
 * merged; photos of one family get one component. Photos that cannot be decoded are quarantined. Needs the whole view
 * of the data: it holds the views' values and, with `photos: decode`, about 1 KB a photo.
 */
export function deduplicate(options: DeduplicateOptions): Stage<JoinedView, Photo> {
  const { photos, conflicts, language, same, family, boilerplate, previous } = options;
  const { groups = () => {}, pruned: tellPruned = () => {} } = options;
  return {
    name: 'deduplicate',
    async *run(source, context) {
      const { account } = context;
      const collection = imageCollection(language);
      for await (const views of blocksOf(source)) {
        for (const view of views) {
          if (!collection.add(view)) continue;
          account.merged(`${view.itemId}/${view.imageId}`, 'same-image', view.imageId);
        }
      }
      const found =
        photos === 'decode'
          ? await lookAtPhotos(collection.images(), { same, family: family.filter(isSeen) }, context)
          : unread(collection.images());

      const { pictures, pruned } = withoutBoilerplate(
        picturesOf(found.images, found.sha256, found.same),
        boilerplate,
      );
      for (const { picture, listings, types } of pruned) {
        accountMerged(account, picture);
        const detail = `in ${listings} listings of ${types} product types`;
        account.dropped(picture.representative.imageId, 'boilerplate', { detail });
        tellPruned({
          representative: picture.representative.imageId,
          images: picture.images.map(({ imageId }) => imageId),
          listings,
          types,
        });
      }
      const seen = betweenPictures(found, pictures);
      const ties: Ties = {
        item: family.includes('item') ? itemKeys(pictures) : [],
        seen,
        name: family.includes('name') ? nameKeys(pictures) : [],
      };
      const oldSides = pictures.map((picture) => previous && oldSideOf(picture, previous.sides));
      const bridges = previous === undefined ? NO_BRIDGES : bridgesBetween(pictures, oldSides, ties);
      const links = linksOf(ties, bridges, oldSides);
      const components = componentsOf(pictures, links);
      const alone = (at: number) => ({ images: [found.images[at]!], representative: found.images[at]! });
      await report('same', { size: found.images.length, member: alone, links: found.same, groups });
      const member = (at: number) => pictures[at]!;
      await report('family', { size: pictures.length, member, links, groups });

      const photoOf = photoMaker(conflicts);
      for (const [index, picture] of pictures.entries()) {
        accountMerged(account, picture);
        if (bridges.members.has(index)) {
          account.dropped(picture.representative.imageId, 'split-bridge');
          continue;
        }
        const { photo, conflicts: overruled } = photoOf(picture, components[index]!);
        for (const { detail } of overruled) account.conflict(photo.imageId, 'attribute-conflict', { detail });
        const side = oldSides[index];
        if (side !== undefined) previous?.keep(photo.component, side);
        const apart = bridges.keys.size > 0 && photo.items.some((item) => bridges.keys.has(itemKey(item)));
        yield apart
          ? { ...photo, items: photo.items.filter((item) => !bridges.keys.has(itemKey(item))) }
          : photo;
      }
      for (const key of bridges.keys) {
        const [, ground, name] = /^(item|name) (.*)$/su.exec(key)!;
        account.conflict(name!, 'split-bridge', {
          detail: `this ${ground} would join sides of an older run`,
        });
      }
    },
  };
}

function accountMerged(account: StageAccount, { images, representative }: Picture): void {
  for (const { imageId } of images) {
    if (imageId !== representative.imageId) account.merged(imageId, 'same-picture', representative.imageId);
  }
}

interface Pruned extends BoilerplateLimits {
  picture: Picture;
}

function withoutBoilerplate(
  all: readonly Picture[],
  limits: BoilerplateLimits | false | undefined,
): { pictures: Picture[]; pruned: Pruned[] } {
  const pictures: Picture[] = [];
  const pruned: Pruned[] = [];
  for (const picture of all) {
    const counts = limits && boilerplateOf(picture, limits);
    if (counts) pruned.push({ picture, ...counts });
    else pictures.push(picture);
  }
  return { pictures, pruned };
}

function isSeen(ground: DeduplicateOptions['family'][number]): ground is FamilyGround {
  return ground !== 'item' && ground !== 'name';
}

/** What ties pictures: items, what their pixels show, and names. */
interface Ties {
  item: Iterable<Keyed>;
  seen: readonly Link[];
  name: Iterable<Keyed>;
}

const NO_BRIDGES: Bridges = { members: new Set(), keys: new Set() };

function itemKey(item: string): string {
  return `item ${item}`;
}

/** The side that a picture has had: its representative's, else that of its smallest image id that had one. */
function oldSideOf({ representative, images }: Picture, sides: ReadonlyMap<string, Side>): Side | undefined {
  const ids = [representative.imageId, ...images.map(({ imageId }) => imageId).sort()];
  return ids.map((id) => sides.get(id)).find((side) => side !== undefined);
}

function bridgesBetween(
  pictures: readonly Picture[],
  sides: readonly (Side | undefined)[],
  { item, seen, name }: Ties,
): Bridges {
  const names = pictures.map(({ representative }) => representative.imageId);
  function* keyed(): Generator<Keyed> {
    for (const [member, key] of item) yield [member, itemKey(key)];
    for (const [member, key] of name) yield [member, `name ${key}`];
  }
  return findBridges({ names, sides, keyed: [...keyed()], pairs: seen });
}

/** The links of pictures that stay, without those that would join two old sides. */
function linksOf(
  { item, seen, name }: Ties,
  { members, keys }: Bridges,
  sides: readonly (Side | undefined)[],
): Link[] {
  function* staying(keyed: Iterable<Keyed>, ground: 'item' | 'name'): Generator<Keyed> {
    for (const one of keyed) if (!members.has(one[0]) && !keys.has(`${ground} ${one[1]}`)) yield one;
  }
  const apart = ({ a, b }: Link) => sides[a] !== undefined && sides[b] !== undefined && sides[a] !== sides[b];
  return [
    ...equalLinks(staying(item, 'item'), 'item'),
    ...seen.filter((link) => !members.has(link.a) && !members.has(link.b) && !apart(link)),
    ...equalLinks(staying(name, 'name'), 'name'),
  ];
}

/** The links of one family, between the pictures that their images belong to. */
function betweenPictures({ images, family }: Found, pictures: readonly Picture[]): Link[] {
  if (family.length === 0) return [];
  const pictureOf = new Map(pictures.flatMap((picture, at) => picture.images.map((image) => [image, at])));
  return family.flatMap((link) => {
    const [a, b] = [pictureOf.get(images[link.a]!), pictureOf.get(images[link.b]!)];
    return a === undefined || b === undefined || a === b ? [] : [{ ...link, a, b }];
  });
}

function unread(images: Image[]): Found {
  return { images, sha256: images.map(() => ''), same: [], family: [] };
}

/** Sets of images that are one picture, in the order in which their first image arrived. */
function picturesOf(images: readonly Image[], sha256: readonly string[], links: readonly Link[]): Picture[] {
  return setsOf(images.length, joinLinks(images.length, links)).map((members) => {
    const some = members.map((member) => images[member]!);
    const representative = representativeOf(some);
    return { images: some, representative, sha256: sha256[members[some.indexOf(representative)]!]! };
  });
}

/** Tells each set of members that links join; a member's name is its representative's, and a set names every image. */
async function report(
  relation: DuplicateGroup['relation'],
  options: {
    size: number;
    member(at: number): Pick<Picture, 'images' | 'representative'>;
    links: readonly Link[];
    groups: NonNullable<DeduplicateOptions['groups']>;
  },
): Promise<void> {
  const { size, member, links, groups } = options;
  const name = (at: number) => member(at).representative.imageId;
  for (const set of linkedSets(size, links)) {
    const images = set.members.flatMap((at) => member(at).images);
    await groups({
      relation,
      representative: representativeOf(images).imageId,
      images: images.map(({ imageId }) => imageId),
      pairs: set.links.map(({ a, b, ...why }) => ({ a: name(a), b: name(b), ...why })),
    });
  }
}
