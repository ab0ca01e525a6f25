import type { ColorWords } from '../palette.js';

/** Portuguese. */
export const pt: ColorWords = {
  names: {
    black: 'preto|preta|pretos',
    white: 'branco|branca',
    grey: 'cinza|cinzento',
    brown: 'marrom|castanho',
    beige: 'bege',
    red: 'vermelho|vermelha',
    orange: 'laranja',
    yellow: 'amarelo|amarela',
    green: 'verde',
    turquoise: 'turquesa',
    blue: 'azul',
    purple: 'roxo|roxa|violeta',
    pink: 'rosa',
    multi: 'multicolorido|multicor|colorido|colorida|sortido',
  },
  shades: {
    silver: 'prata|prateado|cromado|aço',
    gold: 'ouro|dourado|dourada|latão',
    bronze: 'bronze|cobre',
    brown: 'chocolate|nogueira|carvalho|madeira',
    beige: 'creme|areia',
    white: 'marfim',
    red: 'bordô|vinho',
    blue: 'marinho',
    clear: 'transparente',
  },
};
