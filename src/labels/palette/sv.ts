import type { ColorWords } from '../palette.js';

/** Swedish. */
export const sv: ColorWords = {
  names: {
    black: 'svart|svarta',
    white: 'vit|vita',
    grey: 'grå|gråa',
    brown: 'brun|bruna',
    beige: 'beige',
    red: 'röd|röda',
    orange: 'orange',
    yellow: 'gul|gula',
    green: 'grön|gröna',
    turquoise: 'turkos',
    blue: 'blå|blåa',
    purple: 'lila|violett',
    pink: 'rosa',
    multi: 'flerfärgad|flerfärgat',
  },
  shades: { silver: 'silver', gold: 'guld', bronze: 'brons|koppar', blue: 'marinblå', clear: 'genomskinlig' },
};
