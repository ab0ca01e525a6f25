import { type Words, wordsOf } from '../words.js';

/** What the catalogue's departments are called: the language's words are split by bars, in this order. */
const DEPARTMENTS = ['home', 'fashion', 'electronics', 'grocery', 'beauty', 'sports', 'tools'] as const;
type Department = (typeof DEPARTMENTS)[number];

const DEPARTMENT_NAMES: Readonly<Record<string, string>> = {
  en: 'Home & Kitchen|Clothing, Shoes & Jewelry|Electronics|Grocery & Gourmet Food|Beauty|Sports & Outdoors|Tools',
  de: 'Küche, Haushalt & Wohnen|Fashion|Elektronik & Foto|Lebensmittel & Getränke|Beauty|Sport & Freizeit|Baumarkt',
  fr: 'Cuisine & Maison|Mode|High-Tech|Epicerie|Beauté et Parfum|Sports et Loisirs|Bricolage',
  es: 'Hogar y cocina|Moda|Electrónica|Alimentación y bebidas|Belleza|Deportes y aire libre|Bricolaje',
  nl: 'Wonen & keuken|Mode|Elektronica|Levensmiddelen|Beauty|Sport & outdoor|Klussen',
  ja: 'ホーム&キッチン|ファッション|家電&カメラ|食品・飲料|ビューティー|スポーツ&アウトドア|DIY・工具',
  tr: 'Ev ve Mutfak|Moda|Elektronik|Gıda|Kozmetik|Spor|Yapı Market',
};

/** Departments of types that exist; home holds all others, and invented types are spread over all. */
const TYPES_OF: Readonly<Partial<Record<Department, readonly string[]>>> = {
  fashion: [
    'SHOES',
    'SANDAL',
    'BOOT',
    'HANDBAG',
    'SUITCASE',
    'ACCESSORY',
    'FINENECKLACEBRACELETANKLET',
    'FINEEARRING',
    'FINERING',
  ],
  electronics: ['CELLULAR_PHONE_CASE', 'PORTABLE_ELECTRONIC_DEVICE_COVER', 'COMPUTER_ADD_ON'],
  grocery: ['GROCERY', 'PANTRY', 'PET_SUPPLIES'],
  beauty: ['BEAUTY', 'HEALTH_PERSONAL_CARE'],
  sports: ['SPORTING_GOODS', 'OUTDOOR_LIVING', 'AUTO_ACCESSORY'],
  tools: ['TOOLS', 'HARDWARE', 'HARDWARE_HANDLE', 'JANITORIAL_SUPPLY'],
};

const DEPARTMENT_OF = new Map(
  Object.entries(TYPES_OF).flatMap(([department, types]) =>
    types.map((type) => [type, department as Department] as const),
  ),
);

/** A language's name of the department that a type stands in. */
export function departmentOf(type: string, language: string): string {
  const invented = /^INVENTED_TYPE_(\d+)$/.exec(type)?.[1];
  const department =
    invented === undefined
      ? (DEPARTMENT_OF.get(type) ?? 'home')
      : DEPARTMENTS[Number(invented) % DEPARTMENTS.length]!;
  return DEPARTMENT_NAMES[language.slice(0, 2)]!.split('|')[DEPARTMENTS.indexOf(department)]!;
}

/** What a language calls a type: a word where there is one, else the type in small letters. */
export function typeWord(type: string, words: Words): string {
  const known: Readonly<Record<string, string>> = words.types;
  if (Object.hasOwn(known, type)) return known[type]!;
  return type
    .split('_')
    .map((part) => part.slice(0, 1) + part.slice(1).toLowerCase())
    .join(' ');
}

const FILLERS: Readonly<Record<string, string>> = {
  en: 'for with and easy to clean durable soft everyday use premium quality set of includes fits most gift ideal lightweight strong',
  de: 'für mit und leicht zu reinigen langlebig weich täglicher Gebrauch hochwertig Qualität Set enthält passt Geschenk ideal robust',
  fr: 'pour avec et facile à nettoyer durable doux usage quotidien qualité supérieure lot comprend convient cadeau idéal léger solide',
  es: 'para con y fácil de limpiar duradero suave uso diario calidad superior juego incluye adecuado regalo ideal ligero resistente',
  nl: 'voor met en makkelijk te reinigen duurzaam zacht dagelijks gebruik hoogwaardig kwaliteit set bevat past cadeau ideaal licht',
  ja: '用 付き と 簡単 お手入れ 丈夫 柔らかい 毎日 使用 高品質 セット 含む 対応 ギフト 最適 軽量 頑丈',
  tr: 'için ile ve kolay temizlenir dayanıklı yumuşak günlük kullanım üstün kalite set içerir uyar hediye ideal hafif sağlam',
};
const SYLLABLES = 'ba co di fa gu he ki lo ma ne po ra si ta vu we xi yo za bel cor dun fen gar'.split(' ');

const pools = new Map<string, readonly string[]>();

/** Words that sellers' long texts are made of: a language's own and made up ones, so that they compress as texts do. */
export function vocabularyOf(language: string): readonly string[] {
  const key = language.slice(0, 2);
  let pool = pools.get(key);
  if (pool === undefined) {
    const { types, colors, material } = wordsOf(language);
    const said = [
      ...Object.values(types),
      ...Object.values(colors),
      ...material,
      ...FILLERS[key]!.split(' '),
    ];
    const made = SYLLABLES.flatMap((one) => ['', ...SYLLABLES].map((other) => other + one));
    pool = [...said, ...made];
    pools.set(key, pool);
  }
  return pool;
}
