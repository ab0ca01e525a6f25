import type { RandomSource } from '../random.js';
import { BOILERPLATE_NAMES, type BoilerplateName } from './draw/boilerplate.js';
import { PRODUCT_KINDS, PRODUCT_TYPES, type ProductType } from './draw/index.js';
import { type Draws, drawsFor } from './draws.js';
import { imageIdOf, imagePathOf, itemIdOf, MOST_ORDINALS } from './ids.js';
import { COLOR_NAMES, COLOR_WEIGHTS, type ColorName } from './palette.js';
import type { Encoding, Scene } from './photo.js';
import { MARKETS, type Market } from './words.js';

/**
 * Every trait with its products in a hundred listings and the listings of one such product; plain products fill the
 * rest. A product has one trait, so that what curation makes of it can be told apart.
 */
export const TRAITS = {
  /** Marketplaces share photos under different item ids. */
  shared: [8, 2],
  /** One shot in three colours, each an item of its own. */
  'color-variants': [4, 3],
  /** The same photos under another product type. */
  'type-conflict': [2, 2],
  /** The same photos under another colour. */
  'color-conflict': [2, 2],
  'identical-row': [1, 2],
  /** Different rows with one item id. */
  'same-item': [2, 2],
  /** A second item with copies of the files under other image ids. */
  'byte-duplicate': [2, 2],
  /** The same, encoded again at a lower quality. */
  're-encoded': [2, 2],
  /** The same, stretched to 256 × 256 as well. */
  stretched: [1, 2],
  'no-main-image': [1, 1],
  'no-image': [2, 1],
  /** One photo is in the table but not on disk. */
  'missing-file': [1, 1],
  /** One image id is not in the table. */
  'unknown-image': [1, 1],
  /** One photo is in the table and on disk but in no listing. */
  orphan: [1, 1],
  /** The main photo is cut, empty or a text. */
  damaged: [1, 1],
} as const satisfies Record<string, readonly [products: number, listings: number]>;

export type Trait = keyof typeof TRAITS | 'plain';

const CYCLE = 100;
/** Photos' ordinals that each listing may use. */
const PHOTOS_PER_LISTING = 16;
/** The largest dump that has an id for every photo, with room for boilerplate. */
export const MOST_LISTINGS = MOST_ORDINALS / PHOTOS_PER_LISTING / 2;

const DAMAGES = ['cut', 'empty', 'text'] as const;

/** What lies where the table says a photo is; `unlisted`: the table has no such row. */
export type FileState = 'whole' | (typeof DAMAGES)[number] | 'missing' | 'unlisted';

export interface PhotoPlan {
  imageId: string;
  path: string;
  scene: Scene;
  encoding: Encoding;
  state: FileState;
  /** Image id of the first photo of this very picture. */
  picture: string;
  /** Image id of the first photo of this shot, in whatever colour. */
  family: string;
}

export interface ListingPlan {
  /** 0-based, over the whole dump. */
  index: number;
  /** The listing whose row this one repeats: its own index unless rows are identical. */
  rowOf: number;
  itemId: string;
  market: Market;
  type: ProductType;
  color: ColorName;
  mainImageId?: string;
  otherImageIds: readonly string[];
}

export interface ProductPlan {
  /** The index of its first listing. */
  ordinal: number;
  trait: Trait;
  /** What the product really is, whatever its listings say. */
  type: ProductType;
  listings: readonly ListingPlan[];
  /** Its own photos, whether a listing names them or not. */
  photos: readonly PhotoPlan[];
  /** Shared photos that each of its listings names too. */
  boilerplate: readonly BoilerplateName[];
}

/** All products of a dump in the order of their listings; constant memory. */
export function* planDump(random: RandomSource, listings: number): Generator<ProductPlan> {
  for (let cycle = 0, index = 0; index < listings; cycle++) {
    for (const trait of cycleOf(random, cycle)) {
      const fits = trait === 'plain' || index + TRAITS[trait][1] <= listings;
      const product = planProduct(random, index, fits ? trait : 'plain', cycle);
      yield product;
      index += product.listings.length;
      if (index >= listings) return;
    }
  }
}

/** The traits of a hundred listings in a drawn order. */
function cycleOf(random: RandomSource, cycle: number): Trait[] {
  const special = Object.entries(TRAITS) as [Trait, readonly [number, number]][];
  const traits = special.flatMap(([trait, [products]]) => Array<Trait>(products).fill(trait));
  const taken = special.reduce((sum, [, [products, listings]]) => sum + products * listings, 0);
  traits.push(...Array<Trait>(CYCLE - taken).fill('plain'));
  return traits
    .map((trait, at) => ({ trait, at, draw: random.uniform('cycle', cycle, at) }))
    .sort((a, b) => a.draw - b.draw || a.at - b.at)
    .map(({ trait }) => trait);
}

/** The photos that all dumps of a seed share. */
export function boilerplatePhoto(seed: number, name: BoilerplateName): PhotoPlan {
  const ordinal = MOST_ORDINALS - 1 - BOILERPLATE_NAMES.indexOf(name);
  const imageId = imageIdOf(seed, ordinal);
  return {
    imageId,
    path: imagePathOf(seed, ordinal),
    scene: { kind: 'boilerplate', name },
    encoding: 'once',
    state: 'whole',
    picture: imageId,
    family: imageId,
  };
}

function planProduct(random: RandomSource, ordinal: number, trait: Trait, cycle: number): ProductPlan {
  const { seed } = random;
  const draws = drawsFor(random, 'product', ordinal);
  const type = draws.weighted(
    'type',
    PRODUCT_TYPES.map((name) => [name, PRODUCT_KINDS[name].weight] as const),
  );
  const color = draws.weighted('color', COLOR_WEIGHTS);
  const views = trait === 'no-image' ? 0 : viewsOf(trait, draws);
  const count = trait === 'plain' ? 1 : TRAITS[trait][1];
  const photos: PhotoPlan[] = [];

  /** One photo a view, under new image ids; the pictures and families are those of `like` where there is one. */
  const shoot = (paint: ColorName, encoding: Encoding, like?: readonly PhotoPlan[], same?: 'picture') =>
    Array.from({ length: views }, (_, view): PhotoPlan => {
      const place = ordinal * PHOTOS_PER_LISTING + photos.length;
      const imageId = imageIdOf(seed, place);
      const photo: PhotoPlan = {
        imageId,
        path: imagePathOf(seed, place),
        scene: { kind: 'product', type, color: paint, product: ordinal, view },
        encoding,
        state: 'whole',
        picture: same === 'picture' ? like![view]!.picture : imageId,
        family: like?.[view]?.family ?? imageId,
      };
      photos.push(photo);
      return photo;
    });

  const first = shoot(color, 'once');
  const boilerplate = views === 0 ? [] : boilerplateOf(draws, type);
  const shared = boilerplate.map((name) => boilerplatePhoto(seed, name).imageId);
  const markets = marketsOf(draws, count);
  const list = (nth: number, shown: readonly PhotoPlan[], said: Partial<ListingPlan> = {}): ListingPlan => {
    const [main, ...others] = shown;
    return {
      index: ordinal + nth,
      rowOf: ordinal + nth,
      itemId: itemIdOf(seed, ordinal + nth),
      market: markets[nth]!,
      type,
      color,
      ...(main !== undefined && { mainImageId: main.imageId }),
      otherImageIds: [...others.map(({ imageId }) => imageId), ...shared],
      ...said,
    };
  };
  const original = list(0, first);
  const again = (encoding: Encoding) => [original, list(1, shoot(color, encoding, first, 'picture'))];

  const listingsOf = (): ListingPlan[] => {
    switch (trait) {
      case 'shared':
        // A marketplace may show fewer of the photos.
        return [original, list(1, draws.chance('all', 0.7) ? first : first.slice(0, 1))];
      case 'color-variants':
        return [
          original,
          ...[1, 2].map((nth) => {
            const other = otherColor(color, draws, nth);
            return list(nth, shoot(other, 'once', first), { color: other, market: markets[0]! });
          }),
        ];
      case 'type-conflict':
        return [original, list(1, first, { type: PRODUCT_KINDS[type].mistakenFor })];
      case 'color-conflict':
        return [original, list(1, first, { color: otherColor(color, draws, 1) })];
      case 'identical-row':
        return [original, { ...original, index: ordinal + 1 }];
      case 'same-item':
        return [original, list(1, first, { itemId: original.itemId })];
      case 'byte-duplicate':
        return again('once');
      case 're-encoded':
        return again('again');
      case 'stretched':
        return again('stretched');
      case 'no-main-image': {
        const { mainImageId: _, ...rest } = original;
        return [{ ...rest, otherImageIds: first.map(({ imageId }) => imageId).concat(shared) }];
      }
      case 'missing-file':
        photos.push({ ...photos.pop()!, state: 'missing' });
        return [original];
      case 'unknown-image':
        photos.push({ ...photos.pop()!, state: 'unlisted' });
        return [original];
      case 'orphan':
        return [list(0, first.slice(0, -1))];
      case 'damaged':
        photos[0] = { ...photos[0]!, state: DAMAGES[cycle % DAMAGES.length]! };
        return [original];
      case 'no-image':
      case 'plain':
        return [original];
    }
  };
  return { ordinal, trait, type, listings: listingsOf(), photos, boilerplate };
}

/** How many photos it has; traits about one photo of several need two. */
function viewsOf(trait: Trait, draws: Draws): number {
  const views = draws.weighted('views', [
    [1, 34],
    [2, 32],
    [3, 20],
    [4, 10],
    [5, 4],
  ] as const);
  const needsTwo = trait === 'missing-file' || trait === 'unknown-image' || trait === 'orphan';
  return needsTwo ? Math.max(views, 2) : views;
}

const WORN: ReadonlySet<ProductType> = new Set(['SHOES', 'BOOT', 'SANDAL']);

function boilerplateOf(draws: Draws, type: ProductType): BoilerplateName[] {
  return BOILERPLATE_NAMES.filter((name) => {
    if (name === 'size-chart') return WORN.has(type) && draws.chance(name, 0.4);
    return draws.chance(name, 0.06);
  });
}

function otherColor(color: ColorName, draws: Draws, nth: number): ColorName {
  const step = draws.integer('other-color', 1, 4) * (nth === 1 ? 1 : -1);
  const at = COLOR_NAMES.indexOf(color) + step + COLOR_NAMES.length;
  return COLOR_NAMES[at % COLOR_NAMES.length]!;
}

/** Different marketplaces, America's first in nearly half of the cases. */
function marketsOf(draws: Draws, count: number): Market[] {
  const first = draws.chance('america', 0.45) ? 0 : draws.integer('market', 0, MARKETS.length - 1);
  const step = draws.integer('market-step', 1, Math.floor((MARKETS.length - 1) / 2));
  return Array.from({ length: count }, (_, nth) => MARKETS[(first + nth * step) % MARKETS.length]!);
}
