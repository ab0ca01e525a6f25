import type { ColorWords } from '../palette.js';

/** Dutch. */
export const nl: ColorWords = {
  names: {
    black: 'zwart|zwarte',
    white: 'wit|witte',
    grey: 'grijs|grijze',
    brown: 'bruin|bruine',
    beige: 'beige',
    red: 'rood|rode',
    orange: 'oranje',
    yellow: 'geel|gele',
    green: 'groen|groene',
    turquoise: 'turkoois|turquoise',
    blue: 'blauw|blauwe',
    purple: 'paars|paarse|lila',
    pink: 'roze',
    multi: 'meerkleurig|meerkleurige|veelkleurig|veelkleurige|tweekleurig',
  },
  shades: {
    grey: 'antraciet',
    silver: 'zilver|zilveren|chroom|staal',
    gold: 'goud|gouden|messing',
    bronze: 'brons|koper',
    brown: 'chocolade|walnoot|eiken|hout',
    beige: 'crème|zand|ecru',
    white: 'ivoor',
    red: 'bordeaux|wijnrood',
    green: 'kaki|olijf|mint',
    blue: 'marine|donkerblauw|lichtblauw',
    clear: 'transparant|doorzichtig',
  },
};
