import type { ProductType } from './draw/index.js';
import type { ColorName } from './palette.js';

export interface Market {
  domain: string;
  country: string;
  /** The tag of its texts, such as `nl_NL`. */
  language: string;
}

/** Where the catalogue sells; America first. */
export const MARKETS: readonly Market[] = [
  { domain: 'amazon.com', country: 'US', language: 'en_US' },
  { domain: 'amazon.in', country: 'IN', language: 'en_IN' },
  { domain: 'amazon.co.uk', country: 'GB', language: 'en_GB' },
  { domain: 'amazon.de', country: 'DE', language: 'de_DE' },
  { domain: 'amazon.fr', country: 'FR', language: 'fr_FR' },
  { domain: 'amazon.es', country: 'ES', language: 'es_ES' },
  { domain: 'amazon.com.mx', country: 'MX', language: 'es_MX' },
  { domain: 'amazon.nl', country: 'NL', language: 'nl_NL' },
  { domain: 'amazon.co.jp', country: 'JP', language: 'ja_JP' },
  { domain: 'amazon.com.tr', country: 'TR', language: 'tr_TR' },
  { domain: 'amazon.com.au', country: 'AU', language: 'en_AU' },
];

export interface Words {
  /** The root of the category tree. */
  root: string;
  material: readonly [label: string, ...materials: string[]];
  types: Readonly<Record<ProductType, string>>;
  colors: Readonly<Record<ColorName, string>>;
}

const TYPES: readonly ProductType[] = [
  'CELLULAR_PHONE_CASE',
  'SHOES',
  'CHAIR',
  'LAMP',
  'TABLE',
  'HANDBAG',
  'SOFA',
  'RUG',
  'KITCHEN',
  'BOOT',
  'SANDAL',
  'STOOL_SEATING',
];
const COLORS: readonly ColorName[] = [
  'Black',
  'White',
  'Grey',
  'Blue',
  'Brown',
  'Red',
  'Beige',
  'Green',
  'Pink',
  'Yellow',
];

/** @param types in the order of `TYPES`, separated by bars. @param colors in the order of `COLORS`, likewise. */
function words(root: string, material: Words['material'], types: string, colors: string): Words {
  const named = <Name extends string>(names: readonly Name[], texts: string) => {
    const list = texts.split('|');
    return Object.fromEntries(names.map((name, at) => [name, list[at]!])) as Record<Name, string>;
  };
  return { root, material, types: named(TYPES, types), colors: named(COLORS, colors) };
}

const WORDS: Readonly<Record<string, Words>> = {
  en: words(
    'Categories',
    ['Material', 'Leather', 'Wood', 'Cotton', 'Metal', 'Plastic'],
    'Phone Case|Shoes|Chair|Lamp|Table|Handbag|Sofa|Rug|Mug|Boots|Sandals|Bar Stool',
    'Black|White|Grey|Blue|Brown|Red|Beige|Green|Pink|Yellow',
  ),
  de: words(
    'Kategorien',
    ['Material', 'Leder', 'Holz', 'Baumwolle', 'Metall', 'Kunststoff'],
    'Handyhülle|Schuhe|Stuhl|Lampe|Tisch|Handtasche|Sofa|Teppich|Becher|Stiefel|Sandalen|Barhocker',
    'Schwarz|Weiß|Grau|Blau|Braun|Rot|Beige|Grün|Rosa|Gelb',
  ),
  fr: words(
    'Catégories',
    ['Matière', 'Cuir', 'Bois', 'Coton', 'Métal', 'Plastique'],
    'Coque de téléphone|Chaussures|Chaise|Lampe|Table|Sac à main|Canapé|Tapis|Tasse|Bottes|Sandales|Tabouret',
    'Noir|Blanc|Gris|Bleu|Marron|Rouge|Beige|Vert|Rose|Jaune',
  ),
  es: words(
    'Categorías',
    ['Material', 'Piel', 'Madera', 'Algodón', 'Metal', 'Plástico'],
    'Funda de móvil|Zapatos|Silla|Lámpara|Mesa|Bolso|Sofá|Alfombra|Taza|Botas|Sandalias|Taburete',
    'Negro|Blanco|Gris|Azul|Marrón|Rojo|Beige|Verde|Rosa|Amarillo',
  ),
  nl: words(
    'Categorieën',
    ['Materiaal', 'Leer', 'Hout', 'Katoen', 'Metaal', 'Kunststof'],
    'Telefoonhoesje|Schoenen|Stoel|Lamp|Tafel|Handtas|Bank|Vloerkleed|Mok|Laarzen|Sandalen|Barkruk',
    'Zwart|Wit|Grijs|Blauw|Bruin|Rood|Beige|Groen|Roze|Geel',
  ),
  ja: words(
    'カテゴリー別',
    ['素材', '革', '木', '綿', '金属', 'プラスチック'],
    'スマホケース|靴|椅子|ランプ|テーブル|ハンドバッグ|ソファ|ラグ|マグカップ|ブーツ|サンダル|スツール',
    'ブラック|ホワイト|グレー|ブルー|ブラウン|レッド|ベージュ|グリーン|ピンク|イエロー',
  ),
  tr: words(
    'Kategoriler',
    ['Malzeme', 'Deri', 'Ahşap', 'Pamuk', 'Metal', 'Plastik'],
    'Telefon Kılıfı|Ayakkabı|Sandalye|Lamba|Masa|El Çantası|Kanepe|Halı|Kupa|Bot|Sandalet|Tabure',
    'Siyah|Beyaz|Gri|Mavi|Kahverengi|Kırmızı|Bej|Yeşil|Pembe|Sarı',
  ),
};

/** The words of a language tag such as `es_MX`. */
export function wordsOf(language: string): Words {
  return WORDS[language.slice(0, 2)]!;
}

export const BRANDS = [
  'Rivet',
  'Stone & Beam',
  'find.',
  'Amazon Basics',
  'Solimo',
  'The Fix',
  'Aurique',
  'Umi',
] as const;
export const STYLES = ['Modern', 'Classic', 'Casual', 'Farmhouse', 'Industrial', 'Mid-Century'] as const;
/** What sellers put before a colour's name. */
export const NUANCES = ['', '', '', 'Deep ', 'Pale ', 'Matte '] as const;
