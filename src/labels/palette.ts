import { de } from './palette/de.js';
import { en } from './palette/en.js';
import { es } from './palette/es.js';
import { fr } from './palette/fr.js';
import { it } from './palette/it.js';
import { ja } from './palette/ja.js';
import { nl } from './palette/nl.js';
import { pl } from './palette/pl.js';
import { pt } from './palette/pt.js';
import { sv } from './palette/sv.js';
import { tr } from './palette/tr.js';
import { zh } from './palette/zh.js';

/** The colours that a colour task can learn, and `multi` for what has several. */
export const COLORS = [
  'black',
  'white',
  'grey',
  'silver',
  'gold',
  'bronze',
  'brown',
  'beige',
  'red',
  'orange',
  'yellow',
  'green',
  'turquoise',
  'blue',
  'purple',
  'pink',
  'clear',
  'multi',
] as const;

export type Color = (typeof COLORS)[number];

/** Words by the colour that they name, of one language; a word may be a phrase of up to three. */
type Words = Readonly<Partial<Record<Color, string>>>;

/** What a language calls the colours, as it is written. Words are compared folded (`src/labels/words.ts`), so that case, accents and ß do not matter. */
export interface ColorWords {
  /** The colours themselves. They decide before shades do: `smoke blue` is blue. */
  names: Words;
  /**
   * Shades, metals, woods and stones, as what they look like in a photo. They decide where no colour's own name stands.
   * What could be anything (`natural`, `leopard`, `floral`) is in no list: it stays unmapped, and is reported.
   */
  shades: Words;
}

/** By language, English first. */
export const PALETTE: Readonly<Record<string, ColorWords>> = {
  en,
  de,
  fr,
  es,
  it,
  pt,
  nl,
  sv,
  pl,
  tr,
  ja,
  zh,
};
