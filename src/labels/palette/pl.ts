import type { ColorWords } from '../palette.js';

/** Polish; `czarno` is how compounds begin: `czarno-biały`. */
export const pl: ColorWords = {
  names: {
    black: 'czarny|czarna|czarne|czarno',
    white: 'biały|biała|białe|biało',
    grey: 'szary|szara|szare|szaro',
    brown: 'brązowy|brązowa|brązowe|brązowo',
    beige: 'beżowy|beżowa|beżowe|beżowo',
    red: 'czerwony|czerwona|czerwone|czerwono',
    orange: 'pomarańczowy|pomarańczowa|pomarańczowo',
    yellow: 'żółty|żółta|żółte|żółto',
    green: 'zielony|zielona|zielone|zielono',
    turquoise: 'turkusowy|turkusowa|turkusowo',
    blue: 'niebieski|niebieska|niebieskie|niebiesko',
    purple: 'fioletowy|fioletowa|fioletowo',
    pink: 'różowy|różowa|różowe|różowo',
    multi: 'wielokolorowy|wielobarwny|kolorowy',
  },
  shades: {
    silver: 'srebrny|srebrna|srebrne|srebrno',
    gold: 'złoty|złota|złote|złoto',
    blue: 'granatowy|granatowa|granatowe|granatowo',
    clear: 'przezroczysty',
  },
};
