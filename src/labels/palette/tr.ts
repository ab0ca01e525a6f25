import type { ColorWords } from '../palette.js';

/** Turkish. */
export const tr: ColorWords = {
  names: {
    black: 'siyah',
    white: 'beyaz',
    grey: 'gri',
    brown: 'kahverengi|kahve',
    beige: 'bej',
    red: 'kırmızı',
    orange: 'turuncu',
    yellow: 'sarı',
    green: 'yeşil',
    turquoise: 'turkuaz',
    blue: 'mavi',
    purple: 'mor',
    pink: 'pembe',
    multi: 'çok renkli|renkli|karışık',
  },
  shades: {
    grey: 'antrasit|füme',
    silver: 'gümüş|krom',
    gold: 'altın',
    bronze: 'bronz|bakır',
    brown: 'taba|ceviz|ahşap',
    beige: 'krem|ekru|ten rengi',
    red: 'bordo',
    green: 'haki',
    blue: 'lacivert',
    purple: 'lila',
    pink: 'fuşya',
    clear: 'şeffaf',
  },
};
