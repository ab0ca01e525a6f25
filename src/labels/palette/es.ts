import type { ColorWords } from '../palette.js';

/** Spanish. */
export const es: ColorWords = {
  names: {
    black: 'negro|negra|negros|negras',
    white: 'blanco|blanca|blancos|blancas',
    grey: 'gris|grises',
    brown: 'marrón|café|castaño',
    beige: 'beige|beis',
    red: 'rojo|roja|rojos|rojas',
    orange: 'naranja|anaranjado',
    yellow: 'amarillo|amarilla',
    green: 'verde|verdes',
    turquoise: 'turquesa',
    blue: 'azul|azules',
    purple: 'morado|morada|violeta|púrpura',
    pink: 'rosa|rosado|rosada',
    multi: 'multicolor|varios colores|bicolor|tricolor|surtido',
  },
  shades: {
    silver: 'plata|plateado|plateada|cromado|acero|níquel',
    gold: 'oro|dorado|dorada|latón',
    bronze: 'bronce|cobre',
    brown: 'chocolate|nogal|roble|madera|camel',
    beige: 'crema|arena|crudo|champán',
    white: 'marfil|hueso',
    red: 'burdeos|granate|vino',
    orange: 'coral|teja|melocotón',
    yellow: 'mostaza|limón',
    green: 'caqui|oliva|menta|esmeralda',
    blue: 'marino|celeste|añil',
    purple: 'lila|lavanda|berenjena',
    pink: 'fucsia',
    clear: 'transparente',
  },
};
