import type { ColorWords } from '../palette.js';

/** English. */
export const en: ColorWords = {
  names: {
    black: 'black|blk',
    white: 'white|wht',
    grey: 'grey|gray',
    brown: 'brown',
    beige: 'beige|biege',
    red: 'red',
    orange: 'orange',
    yellow: 'yellow',
    green: 'green',
    turquoise: 'turquoise',
    blue: 'blue',
    purple: 'purple|violet',
    pink: 'pink',
    multi:
      'multi|multicolor|multicolour|multicolored|multicoloured|multi color|multi colour|multi colored|multi coloured|multiple color|multiple colors|mixed color|mixed colors|assorted|rainbow|colorful|colourful|two tone|two color|two colour|tri tone|tri color|tri colour|bicolor|bicolour|tricolor|tricolour',
  },
  shades: {
    black: 'ebony|jet|onyx|noir|caviar',
    white: 'off white|ivory|pearl|eggshell|porcelain|chalk|alabaster',
    grey: 'charcoal|slate|graphite|anthracite|smoke|smog|ash|dove|gunmetal|iron|cement|concrete',
    silver: 'silver|chrome|nickel|steel|stainless|platinum|sterling|aluminum|aluminium|pewter|metal|zinc',
    gold: 'gold|golden|brass|rose gold|white gold|yellow gold|gold plated',
    bronze: 'bronze|copper',
    brown:
      'tan|chocolate|coffee|mocha|espresso|cognac|camel|chestnut|walnut|black walnut|oak|white oak|red oak|wenge|mahogany|teak|acacia|cedar|wood|pecan|caramel|cinnamon|saddle|brandy|tortoise|cocoa|barnwood|driftwood|hickory|latte|kona|umber|sienna|cherry wood|fawn',
    beige:
      'sand|sandstone|cream|ecru|nude|taupe|linen|oatmeal|oat|stone|champagne|almond|dune|buff|biscuit|wheat|vanilla|bone|oyster|mushroom',
    red: 'burgundy|maroon|maron|wine|bordeaux|bourdeaux|merlot|crimson|scarlet|cardinal|brick|ruby|garnet|cranberry|cherry|raspberry|strawberry|oxblood|rouge',
    orange: 'peach|coral|apricot|rust|terracotta|teracotta|pumpkin|tangerine|amber|burnt sienna',
    yellow: 'mustard|lemon|canary|citrine|maize|sunshine|saffron',
    green:
      'olive|sage|lime|mint|emerald|loden|peridot|khaki|kahki|forest|hunter|moss|fern|pistachio|jade|thyme|aloe|avocado|basil',
    turquoise: 'teal|aqua|cyan|aquamarine|petrol|turq|seafoam',
    blue: 'navy|denim|indigo|sky|marine|sapphire|cobalt|kobalt|azure|royal|cerulean|midnight|lapis|blue topaz',
    purple: 'lilac|lavender|plum|mauve|aubergine|eggplant|amethyst|grape|orchid|iris|tanzanite',
    pink: 'rose|blush|fuchsia|fuschia|magenta|salmon|bubblegum|hot pink',
    clear: 'clear|transparent|translucent|see through',
  },
};
