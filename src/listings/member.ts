import type { AttributeValue } from '../records.js';

/** Keys that become fields of their own; everything else is an attribute. */
export const FIELDS = [
  'item_id',
  'marketplace',
  'domain_name',
  'country',
  'main_image_id',
  'other_image_id',
] as const;
const FIELD_NAMES: ReadonlySet<string> = new Set(FIELDS);

/** What one member of a row says; of rows that say the same it may be one. */
export interface Member {
  name: string;
  value: unknown;
  /** Of a field: its text, where it is one and not empty. */
  text: string | undefined;
  /** Of `other_image_id`. */
  ids: readonly string[];
  /** Attributes by name: one, or one an axis. */
  attributes: readonly (readonly [string, AttributeValue[]])[];
  /** Why the value, or a part of it, has no usable shape. */
  ignored: string | undefined;
}

/** Reads members. Values that come again and again are held once: what it gives must not be changed. */
export function memberReader(): (name: string, value: unknown) => Member {
  const same = sharedValues();
  return (name, value) => {
    if (name === 'other_image_id') return imageIds(value);
    if (FIELD_NAMES.has(name)) return field(name, value);
    const attributes = attributesOf(name, value).map(
      ([attribute, values]) => [attribute, same(attribute, values)] as const,
    );
    const empty = value === null || (Array.isArray(value) && value.length === 0);
    const ignored =
      attributes.length > 0 || empty ? undefined : `${name}: Expected a value but received ${short(value)}`;
    return { name, value, text: undefined, ids: [], attributes, ignored };
  };
}

function field(name: string, value: unknown): Member {
  const none = value === null || value === '';
  const text = typeof value === 'string' && !none ? wellFormed(value) : undefined;
  const ignored =
    none || text !== undefined ? undefined : `${name}: Expected text but received ${short(value)}`;
  return { name, value, text, ids: [], attributes: [], ignored };
}

function imageIds(value: unknown): Member {
  const list: readonly unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  const ids = list.filter((id): id is string => typeof id === 'string' && id !== '').map(wellFormed);
  const ignored =
    ids.length < list.length ? `other_image_id: Expected image ids but received ${short(value)}` : undefined;
  return { name: 'other_image_id', value, text: undefined, ids, attributes: [], ignored };
}

/** An attribute's values by name; dimensions become one attribute an axis. */
function attributesOf(name: string, value: unknown): [string, AttributeValue[]][] {
  if (name === 'item_dimensions' && isObject(value)) {
    return Object.entries(value).flatMap(([axis, size]) => {
      const found = oneValue(size);
      return found === undefined ? [] : [[`item_${axis}`, [found]] as [string, AttributeValue[]]];
    });
  }
  const values = valuesOf(value);
  return values.length === 0 ? [] : [[name, values]];
}

function valuesOf(value: unknown): AttributeValue[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const values: AttributeValue[] = [];
  for (const one of list) {
    const found = oneValue(one);
    if (found !== undefined) values.push(found);
  }
  return values;
}

/** One value in any of the shapes that real rows have; undefined when it has none of them. */
function oneValue(raw: unknown): AttributeValue | undefined {
  if (typeof raw === 'string') return raw === '' ? undefined : { value: wellFormed(raw) };
  if (typeof raw === 'number' || typeof raw === 'boolean') return { value: String(raw) };
  if (!isObject(raw)) return undefined;
  // Sizes and weights: the normalised number is the one that can be compared.
  if (isObject(raw['normalized_value'])) return oneValue(raw['normalized_value']);
  const value = raw['value'] ?? raw['node_name'] ?? raw['path'];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  if (value === '') return undefined;
  const { language_tag: language, unit, standardized_values: standardized } = raw;
  return {
    value: wellFormed(String(value)),
    ...(typeof language === 'string' && { language }),
    ...(typeof unit === 'string' && { unit }),
    ...(Array.isArray(standardized) && {
      standardized: standardized.filter((one): one is string => typeof one === 'string'),
    }),
  };
}

/** After so many values of an attribute it is judged whether they come again. */
const TRIED = 1000;
/** One in so many has to. */
const REPEATED = 4;

/** Gives equal lists of one value each as one, for attributes where that is worth a look: brands, not names. */
function sharedValues(): (name: string, values: AttributeValue[]) => AttributeValue[] {
  const attributes = new Map<
    string,
    { known: Map<string, AttributeValue[]> | undefined; tried: number; met: number }
  >();
  return (name, values) => {
    let attribute = attributes.get(name);
    if (attribute === undefined) {
      attribute = { known: new Map(), tried: 0, met: 0 };
      attributes.set(name, attribute);
    }
    const { known } = attribute;
    const { value, language, unit, standardized } = values[0]!;
    if (known === undefined || values.length > 1 || unit !== undefined || standardized !== undefined)
      return values;
    const key = language === undefined ? `-${value}` : `${language.length}:${language}${value}`;
    const earlier = known.get(key);
    attribute.tried += 1;
    if (earlier !== undefined) {
      attribute.met += 1;
      return earlier;
    }
    known.set(key, values);
    if (attribute.tried >= TRIED && attribute.met * REPEATED < attribute.tried) attribute.known = undefined;
    return values;
  };
}

/** Half a surrogate pair (`"\ud800"` is JSON) becomes U+FFFD: other readers of JSON and Parquet would refuse the file. */
function wellFormed(text: string): string {
  return SURROGATE.test(text) ? text.replace(SURROGATES, '\uFFFD') : text;
}
const SURROGATE = /\p{Surrogate}/u;
const SURROGATES = /\p{Surrogate}/gu;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
