import type { ColorWords } from '../palette.js';

/** German. */
export const de: ColorWords = {
  names: {
    black: 'schwarz|schwarze',
    white: 'weiß|weiße',
    grey: 'grau|graue',
    brown: 'braun|braune',
    beige: 'beige',
    red: 'rot|rote',
    orange: 'orange',
    yellow: 'gelb|gelbe',
    green: 'grün|grüne',
    turquoise: 'türkis',
    blue: 'blau|blaue',
    purple: 'lila|violett|purpur',
    pink: 'rosa|pink',
    multi: 'mehrfarbig|bunt|bunte|mehrfarben|zweifarbig|dreifarbig|farblich sortiert',
  },
  shades: {
    grey: 'anthrazit|schiefer',
    silver: 'silber|silbern|silberne|chrom|edelstahl',
    gold: 'golden|goldene|messing|goldfarben',
    bronze: 'bronze|kupfer',
    brown: 'schoko|schokolade|nussbaum|eiche|holz|cognac|kaffee',
    beige: 'creme|sand|elfenbein|champagner',
    red: 'bordeaux|weinrot|dunkelrot|burgund',
    orange: 'apricot|koralle|rostfarben',
    green: 'khaki|oliv|mint|smaragd',
    turquoise: 'petrol|aqua',
    blue: 'marine|dunkelblau|hellblau|navy|jeans',
    purple: 'flieder|lavendel|aubergine|pflaume',
    pink: 'altrosa|fuchsia|magenta',
    clear: 'transparent|durchsichtig|klar',
  },
};
