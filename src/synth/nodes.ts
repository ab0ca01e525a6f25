import type { RandomSource } from '../random.js';
import { PRODUCT_TYPES, type ProductType } from './draw/index.js';
import { type Draws, drawsFor } from './draws.js';
import type { ListingPlan } from './plan.js';
import { MARKETS, wordsOf } from './words.js';

/** Where products stand in the shop, whatever its marketplaces call it. */
const TREE = {
  home: {
    furniture: ['CHAIR', 'TABLE', 'SOFA', 'STOOL_SEATING'],
    decor: ['LAMP', 'RUG'],
    dining: ['KITCHEN'],
  },
  fashion: { shoes: ['SHOES', 'BOOT', 'SANDAL'], bags: ['HANDBAG'] },
  electronics: { phones: ['CELLULAR_PHONE_CASE'] },
} as const satisfies Record<string, Record<string, readonly ProductType[]>>;

/** Groups in the order of the tree, from the outside in: `Home & Kitchen>Furniture|Décor|Dining`. */
const GROUPS: Readonly<Record<string, string>> = {
  en: 'Home & Kitchen>Furniture|Décor|Dining;Clothing & Shoes>Shoes|Bags;Electronics>Phone Accessories',
  de: 'Küche & Haushalt>Möbel|Wohndeko|Geschirr;Bekleidung>Schuhwaren|Taschen;Elektronik>Handyzubehör',
  fr: 'Cuisine et Maison>Meubles|Décoration|Arts de la table;Mode>Souliers|Bagages;High-Tech>Téléphonie',
  es: 'Hogar y cocina>Muebles|Decoración|Vajilla;Moda>Calzado|Complementos;Electrónica>Telefonía',
  nl: 'Wonen & keuken>Meubels|Woondecoratie|Servies;Kleding>Schoeisel|Tassen;Elektronica>Telefoonaccessoires',
  ja: 'ホーム＆キッチン>家具|インテリア|食器;ファッション>シューズ|バッグ;家電>携帯アクセサリー',
  tr: 'Ev ve Mutfak>Mobilya|Dekorasyon|Sofra;Giyim>Ayakkabılar|Çantalar;Elektronik Ürünler>Telefon Aksesuarları',
};

/** Catalogues that leave out the outermost group, that have a root in the root, and that have a shelf more. */
const FLAT = 'nl';
const TWO_ROOTS: Readonly<Record<string, string>> = { tr: 'Tüm Ürünler' };
const SHELVES: Readonly<Record<string, string>> = { ja: '一覧' };

interface Place {
  /** Names of its groups, the outermost first. */
  groups: readonly string[];
  ids: readonly [coarse: string, middle: string];
}

const LANGUAGES = [...new Set(MARKETS.map(({ language }) => language.slice(0, 2)))];
const PLACES = new Map(LANGUAGES.map((language) => [language, placesOf(language)]));

function placesOf(language: string): ReadonlyMap<ProductType, Place> {
  const words = GROUPS[language]!.split(';').map((text) => text.split('>') as [string, string]);
  const places = Object.entries(TREE).flatMap(([coarse, middles], outer) => {
    const [name, inner] = words[outer]!;
    return Object.entries(middles).flatMap(([middle, types], at) =>
      (types as readonly ProductType[]).map((type): [ProductType, Place] => {
        const groups = [name, inner.split('|')[at]!];
        return [type, { groups: language === FLAT ? groups.slice(1) : groups, ids: [coarse, middle] }];
      }),
    );
  });
  return new Map(places);
}

/** Shares of rows whose node differs from what it should say. */
const WRONG_PLACE = 0.03;
const SHOP_FRONT = 0.08;
const ONLY_A_PAGE = 0.02;
const SHALLOW = 0.1;
const DEEP = 0.5;

/**
 * A listing's node as ABO writes it: names from a root on, in the catalogue's own language, of different depths; some
 * behind a shop front, some on a page of no category, some in a wrong one. The official readme says `path`, the files
 * `node_name`.
 */
export function nodeOf(
  random: RandomSource,
  row: Draws,
  { market, type: said }: ListingPlan,
  style: string,
): object {
  const words = wordsOf(market.language);
  const language = market.language.slice(0, 2);
  const type = row.chance('wrong-node', WRONG_PLACE) ? row.pick('other-node', PRODUCT_TYPES) : said;
  const shelf = SHELVES[language];
  const deepest = row.chance('deep', DEEP) ? [style] : [];
  const leaf = row.chance('shallow', SHALLOW)
    ? []
    : [...(shelf === undefined ? [] : [shelf]), words.types[type], ...deepest];
  const roots = [words.root, ...(TWO_ROOTS[language] === undefined ? [] : [TWO_ROOTS[language]])];
  const place = row.chance('page', ONLY_A_PAGE)
    ? ['Self Service', 'Special Features Stores', `${pageId(row)}_0`, pageId(row)]
    : [
        ...(row.chance('shop-front', SHOP_FRONT) ? ['Self Service'] : []),
        ...roots,
        ...PLACES.get(language)!.get(type)!.groups,
        ...leaf,
      ];
  const path = `/${place.join('/')}`;
  const key = row.chance('path', 0.1) ? 'path' : 'node_name';
  const id = drawsFor(random, 'node', market.domain, path).integer('id', 100_000_000, 17_000_000_000);
  return { node_id: id, [key]: path };
}

function pageId(row: Draws): string {
  const digits = (name: string, length: number) =>
    row
      .integer(name, 0, 16 ** length - 1)
      .toString(16)
      .padStart(length, '0');
  return [digits('page-a', 8), digits('page-b', 4), digits('page-c', 4), digits('page-d', 4)].join('-');
}

/** What is true of the nodes of a dump. */
export interface TruthNodes {
  /** The tree over all types, groups by an id. */
  tree: Readonly<Record<string, Readonly<Record<string, readonly ProductType[]>>>>;
  /** Each category's id, and its path below the root by language; `nl` has no outermost groups. */
  categories: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function truthNodes(): TruthNodes {
  const categories = new Map<string, Record<string, string>>();
  const put = (id: string, language: string, names: readonly string[]) => {
    if (names.length > 0) categories.set(id, { ...categories.get(id), [language]: names.join('/') });
  };
  for (const [language, places] of PLACES) {
    const words = wordsOf(language);
    for (const [type, { groups, ids }] of places) {
      const shelf = SHELVES[language];
      if (language !== FLAT) put(ids[0], language, groups.slice(0, 1));
      put(ids.join('/'), language, groups);
      put([...ids, type].join('/'), language, [
        ...groups,
        ...(shelf === undefined ? [] : [shelf]),
        words.types[type],
      ]);
    }
  }
  return { tree: TREE, categories: Object.fromEntries(categories) };
}
