import type { LabelValue } from './reader.js';
import type { Normalise } from './schema.js';
import { convert } from './units.js';

type Bins = Extract<Normalise, { kind: 'bins' }>;

/** Edges of quantiles are rounded to so many digits: they stand in labels. */
const DIGITS = 4;

/**
 * Numbers → names of bins: `below 0.5 kilograms`, `0.5 to 2 kilograms`, `2 kilograms or more`; an edge belongs to the
 * bin above it. The result gives undefined for what is no number, has an unknown unit or none where the recipe
 * names one (or one where it names none), and for sizes and weights of 0 or less, which nobody measured.
 * @param values of all photos; quantiles are those of the numbers among them.
 */
export function binLabels(
  { unit, edges, quantiles }: Bins,
  values: readonly LabelValue[],
): (value: LabelValue) => string | undefined {
  const read = (value: LabelValue) => numberOf(value, unit);
  const bounds =
    edges ??
    quantileEdges(
      values.map(read).filter((one) => one !== undefined),
      quantiles!,
    );
  const suffix = unit === undefined ? '' : ` ${unit}`;
  const names = [
    `below ${bounds[0]}${suffix}`,
    ...bounds.slice(1).map((high, at) => `${bounds[at]} to ${high}${suffix}`),
    `${bounds.at(-1)}${suffix} or more`,
  ];
  return (value) => {
    const number = read(value);
    if (number === undefined || bounds.length === 0) return undefined;
    const above = bounds.findIndex((edge) => number < edge);
    return names[above === -1 ? bounds.length : above];
  };
}

/** A value in a unit, or as a number without one; undefined where it cannot be read so. */
export function numberOf({ value, unit: own }: LabelValue, unit: string | undefined): number | undefined {
  const text = value.trim().replace(/^(-?\d+),(\d+)$/, '$1.$2');
  const number = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number) || (own === undefined) !== (unit === undefined)) return undefined;
  if (own === undefined || unit === undefined) return number;
  return number > 0 ? convert(number, own, unit) : undefined;
}

/** The values below which 1/n, 2/n, … of all lie; equal ones once, and none that would leave the lowest bin empty. */
export function quantileEdges(numbers: readonly number[], quantiles: number): number[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return [];
  const edges = Array.from({ length: quantiles - 1 }, (_, at) => {
    const edge = sorted[Math.floor(((at + 1) * sorted.length) / quantiles)]!;
    return Number(edge.toPrecision(DIGITS));
  });
  return [...new Set(edges)].filter((edge) => edge > sorted[0]!);
}
