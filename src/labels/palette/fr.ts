import type { ColorWords } from '../palette.js';

/** French. */
export const fr: ColorWords = {
  names: {
    black: 'noir|noire|noirs|noires',
    white: 'blanc|blanche|blancs|blanches',
    grey: 'gris|grise|grises',
    brown: 'marron|brun|brune',
    beige: 'beige',
    red: 'rouge|rouges',
    orange: 'orange',
    yellow: 'jaune|jaunes',
    green: 'vert|verte|verts|vertes',
    turquoise: 'turquoise',
    blue: 'bleu|bleue|bleus|bleues',
    purple: 'violet|violette|mauve|pourpre',
    pink: 'rose|roses',
    multi: 'multicolore|multicolores|bicolore|tricolore|plusieurs couleurs',
  },
  shades: {
    grey: 'anthracite|ardoise',
    silver: 'argent|argenté|argentée|chrome|acier|inox',
    gold: 'or|doré|dorée|laiton',
    bronze: 'bronze|cuivre',
    brown: 'chocolat|noyer|chêne|bois|cognac|caramel|camel',
    beige: 'crème|sable|écru|taupe|champagne',
    white: 'ivoire|blanc cassé',
    red: 'bordeaux|bourgogne|lie de vin',
    orange: 'corail|abricot|rouille',
    yellow: 'moutarde|citron',
    green: 'kaki|olive|menthe|émeraude|sapin',
    turquoise: 'pétrole|canard',
    blue: 'marine|bleu marine|ciel|indigo',
    purple: 'lilas|lavande|prune|aubergine',
    pink: 'fuchsia|framboise',
    clear: 'transparent|transparente|translucide',
  },
};
