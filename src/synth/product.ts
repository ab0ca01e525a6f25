import type { RandomSource } from '../random.js';
import { CATALOGUE, type ProductType } from './catalogue.js';
import { type Draws, drawsFor, onceIn } from './draws.js';
import { COLOURS, type ColourName } from './palette.js';

/** What is wrong with a photo's file. */
export type Damage = 'cut' | 'empty' | 'text';

/** A drawn product: all that its listings and photos are made from. */
export interface Product {
  index: number;
  /** The product whose shape it has: another's for a colour variant. */
  shape: number;
  type: ProductType;
  colour: ColourName;
  brand: string;
  /** Photos that show it, 1..3. */
  views: number;
  /** Listings, 1..3: one a marketplace. */
  listings: number;
  /** How the second listing's main photo comes: the same id, other ids with the same bytes, or encoded again. */
  copy: 'shared' | 'bytes' | 'encoded';
  damage: Damage | undefined;
  traits: ReadonlySet<Trait>;
}

/** Rare things, each at an exact rate. */
const TRAITS = {
  /** No image at all. */
  'no-image': 90,
  /** Its main image is named as another one only. */
  'no-main': 70,
  /** Its main photo is in the table and not on the disk. */
  'file-missing': 150,
  /** Names an image that the table does not know. */
  'image-unknown': 130,
  /** Its first row stands in the dump twice. */
  'row-twice': 60,
  /** Two different rows with one item id. */
  'id-twice': 80,
  /** The listings disagree about the type. */
  'type-conflict': 40,
  /** The listings disagree about the colour. */
  'colour-conflict': 25,
  /** Leaves a row in the image table that no listing names. */
  orphan: 100,
  'no-type': 35,
  'no-colour': 12,
} as const;
export type Trait = keyof typeof TRAITS;

const VARIANT_PERIOD = 9;
const DAMAGE_PERIOD = 120;
const DAMAGES: readonly Damage[] = ['cut', 'empty', 'text'];
const BRANDS = ['Rivet', 'Stone & Beam', 'AmazonBasics', 'find.', 'Solimo', 'The Fix', 'Movian', 'Symbol'];

/** The product of an index: a function of (seed, index) alone. */
export function productOf(random: RandomSource, index: number): Product {
  const shape = shapeOf(random, index);
  const own = drawsFor(random, `product ${index}`);
  const shared = drawsFor(random, `product ${shape}`);
  const copy = copyOf(random, index);
  const traits = new Set(
    (Object.keys(TRAITS) as Trait[]).filter((trait) => onceIn(random, TRAITS[trait], trait, index)),
  );
  const conflicting = traits.has('type-conflict') || traits.has('colour-conflict');
  const listings = Number(own.weighted('listings', { 1: 70, 2: 22, 3: 8 }));
  const damaged = onceIn(random, DAMAGE_PERIOD, 'damage', index);
  return {
    index,
    shape,
    type: shared.weighted('type', typeWeights),
    colour: variantColour(shared, own, shape !== index),
    brand: shared.pick('brand', BRANDS),
    views: Number(own.weighted('views', { 1: 60, 2: 28, 3: 12 })),
    listings: copy !== 'shared' || conflicting ? Math.max(2, listings) : listings,
    copy,
    damage: damaged ? DAMAGES[Math.floor(index / DAMAGE_PERIOD) % DAMAGES.length] : undefined,
    traits,
  };
}

const typeWeights = Object.fromEntries(
  Object.entries(CATALOGUE).map(([type, { weight }]) => [type, weight]),
) as Record<ProductType, number>;

/** A variant has the shape of the product before it, unless that one is a variant itself. */
function shapeOf(random: RandomSource, index: number): number {
  const isVariant = (at: number) => at > 0 && onceIn(random, VARIANT_PERIOD, 'variant', at);
  return isVariant(index) && !isVariant(index - 1) ? index - 1 : index;
}

function variantColour(shared: Draws, own: Draws, variant: boolean): ColourName {
  const first = shared.integer('colour', 0, COLOURS.length - 1);
  const shift = variant ? own.integer('shift', 1, COLOURS.length - 1) : 0;
  return COLOURS[(first + shift) % COLOURS.length]!;
}

function copyOf(random: RandomSource, index: number): Product['copy'] {
  if (onceIn(random, 20, 'encoded', index)) return 'encoded';
  return onceIn(random, 30, 'bytes', index) ? 'bytes' : 'shared';
}
