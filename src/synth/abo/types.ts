/** ABO's own numbers: https://amazon-berkeley-objects.s3.amazonaws.com, and its metadata merged by image. */
export const ABO = {
  listings: 147_702,
  /** Rows of the image table. */
  images: 398_212,
  /** Those that a listing names. */
  named: 397_240,
  /** (image, listing) pairs. */
  views: 826_757,
  types: 576,
  /** Listings that say CELLULAR_PHONE_CASE. */
  phoneCases: 64_853,
} as const;

/** What iteration V2 of the seed post keeps and caps at. */
export const V2 = { minPerClass: 1500, cap: 2000 } as const;

/** The type that names most listings; the only one whose number of listings is known. */
export const PHONE_CASE = 'CELLULAR_PHONE_CASE';
/** V2 merges HOME_BED_AND_BATH into HOME: only their sum is known. */
export const HOME_PARTS = ['HOME', 'HOME_BED_AND_BATH'] as const;

/** Image counts of V2's other classes: ABO's own, one row an image, the first product type of an image counts. */
const TRUE_COUNTS = {
  [PHONE_CASE]: 116_771,
  SHOES: 33_804,
  GROCERY: 26_291,
  CHAIR: 10_770,
  SOFA: 6052,
  HEALTH_PERSONAL_CARE: 5587,
  TABLE: 4840,
  HANDBAG: 4564,
  PET_SUPPLIES: 4368,
  HARDWARE_HANDLE: 4234,
  KITCHEN: 3359,
  SPORTING_GOODS: 3341,
  LAMP: 3236,
  SANDAL: 2973,
  BOOT: 2856,
  LIGHT_FIXTURE: 2820,
  FINENECKLACEBRACELETANKLET: 2641,
  RUG: 2523,
  LIGHT_BULB: 2315,
  OUTDOOR_LIVING: 2243,
  STOOL_SEATING: 2217,
  SUITCASE: 2195,
  FINEEARRING: 2049,
  ACCESSORY: 1885,
  FINERING: 1863,
  TOOLS: 1774,
  JANITORIAL_SUPPLY: 1752,
  OTTOMAN: 1752,
  BEAUTY: 1693,
  PORTABLE_ELECTRONIC_DEVICE_COVER: 1678,
  WALL_ART: 1537,
  SHELF: 1531,
  CABINET: 1527,
} as const;
/** ABO's own too, as a sum; the halves are invented. */
const HOME_COUNTS = [21_534 - 4500, 4500] as const;

/** The types that V2 drops by name: they exist, their counts are invented. */
export const V2_DROPS = {
  HOME_FURNITURE_AND_DECOR: 9000,
  FURNITURE_COVER: 4000,
  AUTO_ACCESSORY: 3500,
  PANTRY: 3000,
  COMPUTER_ADD_ON: 2800,
  HARDWARE: 2600,
  STORAGE_BINDER: 2200,
  OFFICE_PRODUCTS: 2000,
} as const;

/** Images whose listings say no type: invented. */
const UNTYPED = 1200;
/** Shape of the invented types' long tail: count ~ (rank + 40)^-1.4, from some 1,170 images to some 30. */
const TAIL = { offset: 40, exponent: -1.4 } as const;

export interface TypeCount {
  /** Absent: images whose listings say none. */
  name?: string;
  /** Whether ABO's own count stands behind it, of the type alone or (HOME's parts) as a sum. */
  known: boolean;
  /** Images whose first type, main images before others, is this one. */
  images: number;
}

/** Whole numbers in the proportions of the weights, that sum to the total: each is its share rounded up or down. */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let before = 0;
  let given = 0;
  return weights.map((weight) => {
    before += weight;
    const upTo = Math.round((before * total) / sum);
    const share = upTo - given;
    given = upTo;
    return share;
  });
}

/** All types at ABO's size: the phone cases first, what says no type last. */
export function typeCounts(): TypeCount[] {
  const counted = (counts: Readonly<Record<string, number>>, known: boolean) =>
    Object.entries(counts).map(([name, images]): TypeCount => ({ name, known, images }));
  const named = [
    ...counted(TRUE_COUNTS, true),
    ...HOME_PARTS.map((name, at): TypeCount => ({ name, known: true, images: HOME_COUNTS[at]! })),
    ...counted(V2_DROPS, false),
  ];
  const left = ABO.named - UNTYPED - named.reduce((sum, { images }) => sum + images, 0);
  const tail = Array.from(
    { length: ABO.types - named.length },
    (_, rank) => (rank + TAIL.offset) ** TAIL.exponent,
  );
  const invented = shareOut(left, tail).map(
    (images, rank): TypeCount => ({
      name: `INVENTED_TYPE_${String(rank + 1).padStart(3, '0')}`,
      known: false,
      images,
    }),
  );
  return [...named, ...invented, { known: false, images: UNTYPED }];
}
