import type { ColorWords } from '../palette.js';

/** Italian. */
export const it: ColorWords = {
  names: {
    black: 'nero|nera|neri|nere',
    white: 'bianco|bianca|bianchi|bianche',
    grey: 'grigio|grigia|grigi',
    brown: 'marrone|marroni',
    beige: 'beige',
    red: 'rosso|rossa|rossi',
    orange: 'arancione|arancio',
    yellow: 'giallo|gialla',
    green: 'verde|verdi',
    turquoise: 'turchese',
    blue: 'blu|azzurro|azzurra',
    purple: 'viola|porpora',
    pink: 'rosa',
    multi: 'multicolore|bicolore|tricolore|assortito',
  },
  shades: {
    silver: 'argento|argentato|cromo|acciaio',
    gold: 'oro|dorato|ottone',
    bronze: 'bronzo|rame',
    brown: 'cioccolato|noce|rovere|legno|cuoio',
    beige: 'crema|sabbia|panna',
    white: 'avorio',
    red: 'bordeaux|bordò',
    orange: 'corallo|ruggine',
    green: 'oliva|menta|smeraldo',
    clear: 'trasparente',
    purple: 'lilla|prugna',
    pink: 'fucsia',
  },
};
