import { matchKey } from '../attributes.js';
import type { ValueDetail } from '../records.js';
import { remember } from '../remember.js';
import { binLabels } from './bins.js';
import { brandKeys } from './brands.js';
import { colorsIn } from './colors.js';
import type { Color } from './palette.js';
import type { Normalise } from './schema.js';

/** A photo's value of the attribute that is learned. */
export interface LabelValue extends ValueDetail {
  value: string;
}

/** A value's label, or why it has none. */
export type Reading =
  | { label: string }
  /** `label-unmapped`: nothing is known of it; `label-several`: it says several, and the recipe wants one. */
  | { fault: 'label-unmapped' | 'label-several' };

export interface LabelReader {
  read(value: LabelValue): Reading;
  /** What two writings of one label share, in recipes too. */
  keyOf(label: string): string;
}

/** @param values all photos' values: how brands are written, and where quantiles lie, only all of them can tell. */
export function labelReader(normalise: Normalise | undefined, values: readonly LabelValue[]): LabelReader {
  const unmapped: Reading = { fault: 'label-unmapped' };
  switch (normalise?.kind) {
    case undefined:
      return { keyOf: matchKey, read: ({ value }) => ({ label: value }) };
    case 'standardized':
      return {
        keyOf: matchKey,
        read: ({ value, standardized = [] }) => ({ label: standardized[0] ?? value }),
      };
    case 'brand':
      return { keyOf: brandKeys(values), read: ({ value }) => ({ label: value }) };
    case 'bins': {
      const labelOf = binLabels(normalise, values);
      const read = (value: LabelValue): Reading => {
        const label = labelOf(value);
        return label === undefined ? unmapped : { label };
      };
      return { keyOf: matchKey, read };
    }
    case 'color': {
      const { multi } = normalise;
      const colors = colorReader();
      const read = (value: LabelValue): Reading => {
        const [first, ...others] = colors(value);
        if (first === undefined) return unmapped;
        if (multi === 'first' || (others.length === 0 && first !== 'multi')) return { label: first };
        return multi === 'drop' ? { fault: 'label-several' } : { label: 'multi' };
      };
      return { keyOf: matchKey, read };
    }
  }
}

/** Reads a value's colours: of its standardized values where they say any, which are English, else of its text. */
function colorReader(): (value: LabelValue) => readonly Color[] {
  const languages = new Map<string | undefined, (text: string) => Color[]>();
  const read = (text: string, language?: string) => {
    let reader = languages.get(language);
    if (reader === undefined) {
      reader = remember((one) => colorsIn(one, language));
      languages.set(language, reader);
    }
    return reader(text);
  };
  return ({ value, language, standardized = [] }) => {
    const colors = [...new Set(standardized.flatMap((one) => read(one)))];
    return colors.length > 0 ? colors : read(value, language);
  };
}
