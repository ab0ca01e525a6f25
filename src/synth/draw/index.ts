import { handbag, phoneCase } from './carried.js';
import { boot, sandal, shoe } from './footwear.js';
import { lamp, mug, rug, table } from './household.js';
import { chair, sofa, stool } from './seating.js';
import type { Drawer } from './shape.js';

export interface ProductKind {
  draw: Drawer;
  /** Share among products; uneven, as in ABO. */
  weight: number;
  /** What a careless cataloguer takes it for. */
  mistakenFor: ProductType;
  /** Up to how many degrees a photographer turns it. */
  tilt: number;
}

/** ABO's own names of product types. */
export type ProductType =
  | 'CELLULAR_PHONE_CASE'
  | 'SHOES'
  | 'CHAIR'
  | 'LAMP'
  | 'TABLE'
  | 'HANDBAG'
  | 'SOFA'
  | 'RUG'
  | 'KITCHEN'
  | 'BOOT'
  | 'SANDAL'
  | 'STOOL_SEATING';

export const PRODUCT_KINDS: Readonly<Record<ProductType, ProductKind>> = {
  CELLULAR_PHONE_CASE: { draw: phoneCase, weight: 20, mistakenFor: 'HANDBAG', tilt: 8 },
  SHOES: { draw: shoe, weight: 15, mistakenFor: 'BOOT', tilt: 6 },
  CHAIR: { draw: chair, weight: 11, mistakenFor: 'STOOL_SEATING', tilt: 3 },
  LAMP: { draw: lamp, weight: 9, mistakenFor: 'TABLE', tilt: 3 },
  TABLE: { draw: table, weight: 8, mistakenFor: 'CHAIR', tilt: 2 },
  HANDBAG: { draw: handbag, weight: 7, mistakenFor: 'CELLULAR_PHONE_CASE', tilt: 6 },
  SOFA: { draw: sofa, weight: 7, mistakenFor: 'CHAIR', tilt: 2 },
  RUG: { draw: rug, weight: 6, mistakenFor: 'KITCHEN', tilt: 6 },
  KITCHEN: { draw: mug, weight: 6, mistakenFor: 'LAMP', tilt: 4 },
  BOOT: { draw: boot, weight: 5, mistakenFor: 'SHOES', tilt: 5 },
  SANDAL: { draw: sandal, weight: 5, mistakenFor: 'SHOES', tilt: 6 },
  STOOL_SEATING: { draw: stool, weight: 5, mistakenFor: 'CHAIR', tilt: 3 },
};

export const PRODUCT_TYPES = Object.keys(PRODUCT_KINDS) as ProductType[];
