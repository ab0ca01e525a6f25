import { handbag, phoneCase } from './draw/carried.js';
import { boot, sandal, shoe } from './draw/footwear.js';
import { lamp, rug, table } from './draw/home.js';
import { chair, sofa, stool } from './draw/seats.js';
import type { Drawing } from './draw/svg.js';

interface ProductKind {
  drawing: Drawing;
  /** How often it is drawn, relative to the others: catalogues are uneven. */
  weight: number;
  /** What it is called, by language. */
  names: Readonly<Record<Language, string>>;
  department: string;
}

export type Language = 'en_US' | 'de_DE' | 'nl_NL' | 'ja_JP';

/** The product types that are drawn. Some look alike on purpose: seats, and what is worn on feet. */
export const CATALOGUE = {
  CELLULAR_PHONE_CASE: kind(
    phoneCase,
    16,
    'Electronics',
    'Phone Case',
    'Handyhülle',
    'Telefoonhoesje',
    'スマホケース',
  ),
  SHOES: kind(shoe, 14, 'Clothing', 'Sneaker', 'Turnschuh', 'Sneaker', 'スニーカー'),
  CHAIR: kind(chair, 13, 'Home', 'Chair', 'Stuhl', 'Stoel', '椅子'),
  TABLE: kind(table, 11, 'Home', 'Table', 'Tisch', 'Tafel', 'テーブル'),
  SOFA: kind(sofa, 9, 'Home', 'Sofa', 'Sofa', 'Bank', 'ソファ'),
  BOOT: kind(boot, 9, 'Clothing', 'Boot', 'Stiefel', 'Laars', 'ブーツ'),
  SANDAL: kind(sandal, 8, 'Clothing', 'Sandal', 'Sandale', 'Sandaal', 'サンダル'),
  HANDBAG: kind(handbag, 8, 'Clothing', 'Handbag', 'Handtasche', 'Handtas', 'ハンドバッグ'),
  LAMP: kind(lamp, 7, 'Home', 'Lamp', 'Lampe', 'Lamp', 'ランプ'),
  RUG: kind(rug, 7, 'Home', 'Rug', 'Teppich', 'Vloerkleed', 'ラグ'),
  STOOL_SEATING: kind(stool, 6, 'Home', 'Stool', 'Hocker', 'Kruk', 'スツール'),
} as const;

export type ProductType = keyof typeof CATALOGUE;
export const PRODUCT_TYPES = Object.keys(CATALOGUE) as ProductType[];
/** Types that come with a size chart. */
export const WORN: ReadonlySet<ProductType> = new Set(['SHOES', 'BOOT', 'SANDAL']);

function kind(
  drawing: Drawing,
  weight: number,
  department: string,
  en: string,
  de: string,
  nl: string,
  ja: string,
): ProductKind {
  return { drawing, weight, department, names: { en_US: en, de_DE: de, nl_NL: nl, ja_JP: ja } };
}
