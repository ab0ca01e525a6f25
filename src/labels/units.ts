import { fold } from './words.js';

/** Units by what they measure, in the largest common one: kilograms, metres. Inch and pound are exact by treaty (1959). */
const UNITS: Readonly<
  Record<string, Readonly<Record<string, readonly [factor: number, ...names: string[]]>>>
> = {
  weight: {
    kilograms: [1, 'kilogram', 'kg', 'kilo', 'kilos'],
    grams: [1e-3, 'gram', 'g', 'gr'],
    milligrams: [1e-6, 'milligram', 'mg'],
    pounds: [0.45359237, 'pound', 'lb', 'lbs'],
    ounces: [0.45359237 / 16, 'ounce', 'oz'],
    tons: [1000, 'ton', 'tonne', 'tonnes', 't'],
  },
  length: {
    meters: [1, 'meter', 'metre', 'metres', 'm'],
    centimeters: [0.01, 'centimeter', 'centimetre', 'centimetres', 'cm'],
    millimeters: [0.001, 'millimeter', 'millimetre', 'millimetres', 'mm'],
    inches: [0.0254, 'inch', 'in'],
    feet: [0.3048, 'foot', 'ft'],
    yards: [0.9144, 'yard', 'yd'],
  },
};

interface Unit {
  measures: string;
  factor: number;
}

const KNOWN = new Map<string, Unit>(
  Object.entries(UNITS).flatMap(([measures, units]) =>
    Object.entries(units).flatMap(([name, [factor, ...others]]) =>
      [name, ...others].map((one) => [one, { measures, factor }] as const),
    ),
  ),
);

/** Of a converted number: more than any seller means, fewer than a double has. */
const DIGITS = 14;

/** The names that a recipe may use. */
export const UNIT_NAMES = Object.values(UNITS).flatMap((units) => Object.keys(units)) as [
  string,
  ...string[],
];

/**
 * A number in another unit; undefined where one of the units is not known, or they measure different things.
 * @param from as a seller writes it: `kilograms`, `KG`, `lbs`.
 * @param into one of `UNIT_NAMES`.
 */
export function convert(value: number, from: string, into: string): number | undefined {
  const source = KNOWN.get(fold(from).replace(/\.$/, ''));
  const target = KNOWN.get(into);
  if (source === undefined || target === undefined || source.measures !== target.measures) return undefined;
  if (source.factor === target.factor) return value;
  // 3 inches are 7.62 cm, and not the number before it in binary: what is equal must not fall into two bins.
  return Number(((value * source.factor) / target.factor).toPrecision(DIGITS));
}
