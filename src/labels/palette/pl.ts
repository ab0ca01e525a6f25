import type { ColorWords } from '../palette.js';

/** Polish. */
export const pl: ColorWords = {
  names: {
    black: 'czarny|czarna|czarne',
    white: 'biały|biała|białe',
    grey: 'szary|szara|szare',
    brown: 'brązowy|brązowa|brązowe',
    beige: 'beżowy|beżowa|beżowe',
    red: 'czerwony|czerwona|czerwone',
    orange: 'pomarańczowy|pomarańczowa',
    yellow: 'żółty|żółta|żółte',
    green: 'zielony|zielona|zielone',
    turquoise: 'turkusowy|turkusowa',
    blue: 'niebieski|niebieska|niebieskie',
    purple: 'fioletowy|fioletowa',
    pink: 'różowy|różowa|różowe',
    multi: 'wielokolorowy|wielobarwny|kolorowy',
  },
  shades: {
    silver: 'srebrny|srebrna|srebrne',
    gold: 'złoty|złota|złote',
    blue: 'granatowy|granatowa',
    clear: 'przezroczysty',
  },
};
