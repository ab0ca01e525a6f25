import { type AboPlan, imagesOf } from './plan.js';
import { V2, V2_DROPS } from './types.js';

/** Ways to come from the types that an image's listings say to one; a count a view has no image's type at all. */
export const RULES = ['first', 'last', 'majority', 'views'] as const;
export type Rule = (typeof RULES)[number];

/** The first line. */
export interface AboTruthHeader {
  kind: 'header';
  schemaVersion: 1;
  synthetic: true;
  shape: 'abo';
  seed: number;
  listings: number;
}

/** One line a product type. */
export interface AboTruthType {
  kind: 'type';
  /** Null: what no listing says a type of. */
  name: string | null;
  /** Whether its number of photos by `first` is ABO's own, HOME and HOME_BED_AND_BATH as a sum, or invented. */
  known: boolean;
  /** Rows that say it. */
  listings: number;
  /** Images of this type, by rule. */
  photos: Record<Rule, number>;
}

/** The last line. */
export interface AboTruthTotals {
  kind: 'totals';
  products: number;
  listings: number;
  listingsWithoutImage: number;
  listingsWithoutMainImage: number;
  listingsWithoutType: number;
  views: number;
  tableRows: number;
  orphans: number;
  /** Pictures that stand in listings of any type, and the most listings that one stands in. */
  boilerplate: { photos: number; mostListings: number };
  /** What V2's labels come to: its limits at this size, and what each rule gives. */
  v2: { minPerClass: number; cap: number } & Record<Rule, V2Outcome>;
}

export type AboTruthLine = AboTruthHeader | AboTruthType | AboTruthTotals;

export function aboTruthHeader(seed: number, listings: number): AboTruthHeader {
  return { kind: 'header', schemaVersion: 1, synthetic: true, shape: 'abo', seed, listings };
}

export interface V2Outcome {
  classes: number;
  photos: number;
  /** After the cap. */
  capped: number;
}

/** Of one image in one listing; type undefined: it says none. */
interface Said {
  main: boolean;
  type: number | undefined;
}

/** What is true of a planned dump, product by product: an image stands in the listings of one, boilerplate apart. */
export function truthOf(plan: AboPlan): { types: AboTruthType[]; totals: AboTruthTotals } {
  const none = plan.types.length - 1;
  const counts = plan.types.map(() => ({ listings: 0, first: 0, last: 0, majority: 0, views: 0 }));
  const shared = new Map<number, (Said & { place: number })[]>();
  const totals = { listingsWithoutMainImage: 0, listingsWithoutType: 0, views: 0 };
  const settle = (said: readonly Said[]) => {
    const { first, last, majority } = typesBy(said);
    counts[first ?? none]!.first += 1;
    counts[last ?? none]!.last += 1;
    counts[majority ?? none]!.majority += 1;
  };
  for (let product = 0; product < plan.products; product++) {
    const images = new Map<number, Said[]>();
    for (const listing of plan.listingsOf(product)) {
      const { type, main, place } = listing;
      counts[type ?? none]!.listings += 1;
      if (type === undefined) totals.listingsWithoutType += 1;
      if (main === undefined) totals.listingsWithoutMainImage += 1;
      for (const image of imagesOf(listing)) {
        totals.views += 1;
        counts[type ?? none]!.views += 1;
        const said = { main: image === main, type };
        if (plan.isBoilerplate(image)) append(shared, image, { ...said, place });
        else append(images, image, said);
      }
    }
    for (const said of images.values()) settle(said);
  }
  for (const said of shared.values()) settle(said.sort((a, b) => a.place - b.place));
  const types = plan.types.map(({ name, known }, at): AboTruthType => {
    const { listings, ...photos } = counts[at]!;
    return { kind: 'type', name: name ?? null, known, listings, photos };
  });
  return { types, totals: { ...totalsOf(plan, types, shared), ...totals } };
}

/** An image's type by each rule; main views before others, each in the order of lines. */
function typesBy(said: readonly Said[]): Partial<Record<'first' | 'last' | 'majority', number>> {
  const ordered = [...said.filter(({ main }) => main), ...said.filter(({ main }) => !main)];
  const types = ordered.flatMap(({ type }) => type ?? []);
  if (types.length === 0) return {};
  const times = new Map<number, number>();
  for (const type of types) times.set(type, (times.get(type) ?? 0) + 1);
  const most = Math.max(...times.values());
  // A map keeps the order of first insertion.
  const majority = [...times].find(([, count]) => count === most)![0];
  return { first: types[0]!, last: types.at(-1)!, majority };
}

function totalsOf(plan: AboPlan, types: readonly AboTruthType[], shared: ReadonlyMap<number, Said[]>) {
  const { listings, listingsWithoutImage, tableRows, named, scale } = plan.size;
  const limits = { minPerClass: Math.floor(V2.minPerClass * scale), cap: Math.round(V2.cap * scale) };
  const outcomes = RULES.map((rule) => [rule, v2Outcome(types, rule, limits)] as const);
  return {
    kind: 'totals' as const,
    products: plan.products,
    listings,
    listingsWithoutImage,
    tableRows,
    orphans: tableRows - named,
    boilerplate: {
      photos: shared.size,
      mostListings: Math.max(...[...shared.values()].map(({ length }) => length)),
    },
    v2: { ...limits, ...(Object.fromEntries(outcomes) as Record<Rule, V2Outcome>) },
  };
}

/** HOME_BED_AND_BATH becomes HOME, eight types are dropped, small ones too; the rest is capped. */
function v2Outcome(
  types: readonly AboTruthType[],
  rule: Rule,
  { minPerClass, cap }: { minPerClass: number; cap: number },
): V2Outcome {
  const sizes = new Map<string, number>();
  for (const { name, photos } of types) {
    if (name === null || Object.hasOwn(V2_DROPS, name)) continue;
    const merged = name === 'HOME_BED_AND_BATH' ? 'HOME' : name;
    sizes.set(merged, (sizes.get(merged) ?? 0) + photos[rule]);
  }
  const classes = [...sizes.values()].filter((size) => size >= minPerClass);
  const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);
  return {
    classes: classes.length,
    photos: sum(classes),
    capped: sum(classes.map((size) => Math.min(size, cap))),
  };
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
