import type { LabelValue } from './reader.js';
import type { Normalise } from './schema.js';
import { convert } from './units.js';

type Bins = Extract<Normalise, { kind: 'bins' }>;

/** Edges of quantiles are shown with so many digits. */
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
  const shown = edges ?? bounds.map(rounded);
  const names = [
    `below ${shown[0]}${suffix}`,
    ...shown.slice(1).map((high, at) => `${shown[at]} to ${high}${suffix}`),
    `${shown.at(-1)}${suffix} or more`,
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

/**
 * The values below which 1/n, 2/n, … of all lie; those that are shown alike once, and none that would leave the lowest bin
 * empty.
 */
export function quantileEdges(numbers: readonly number[], quantiles: number): number[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return [];
  const edges = new Map<number, number>();
  for (let part = 1; part < quantiles; part++) {
    const edge = sorted[Math.floor((part * sorted.length) / quantiles)]!;
    if (edge > sorted[0]! && !edges.has(rounded(edge))) edges.set(rounded(edge), edge);
  }
  return [...edges.values()];
}

function rounded(edge: number): number {
  return Number(edge.toPrecision(DIGITS));
}
