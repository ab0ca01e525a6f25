import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.js';
import { PipelineError } from '../errors.js';
import { DIGEST_DIGITS } from '../listings/digest.js';
import type { Attributes, AttributeValue, Listing } from '../records.js';
import type { RawRow, ReadRow } from '../sources/source.js';
import type { Stage } from '../stage.js';
import { mapBlocks } from '../streams.js';

/** Keys that become fields of their own; everything else is an attribute. */
const FIELDS = new Set([
  'item_id',
  'marketplace',
  'domain_name',
  'country',
  'main_image_id',
  'other_image_id',
]);

/** A listing and the values in its row that have no usable shape. */
export interface ParsedRow {
  listing: Listing;
  ignored: string[];
}

/**
 * Rows → listings. A row that cannot be read is quarantined; a row that says exactly what an earlier one said is
 * merged into it. Holds one digest a row and nothing else.
 */
export function parse(): Stage<RawRow | ReadRow, Listing> {
  return {
    name: 'parse',
    run(source, { account }) {
      const first = new Map<string, string>();
      let count = 0;
      const listingIn = (row: RawRow | ReadRow): Listing | undefined => {
        count += 1;
        const key = `${row.shard ?? 'stdin'}:${row.line ?? count}`;
        if (row.fault !== undefined) {
          account.quarantined(key, row.fault.reason, row.fault.detail);
          return undefined;
        }
        let parsed: ParsedRow;
        try {
          parsed = parseRow(row);
        } catch (error) {
          account.quarantined(key, reasonOf(error), error);
          return undefined;
        }
        const { listing, ignored } = parsed;
        const twin = first.get(listing.digest);
        if (twin !== undefined) {
          account.merged(key, 'identical-row', twin);
          return undefined;
        }
        first.set(listing.digest, key);
        for (const detail of ignored) account.conflict(key, 'value-ignored', { detail });
        return listing;
      };
      return mapBlocks(source, (rows) => rows.map(listingIn).filter((listing) => listing !== undefined));
    },
  };
}

/**
 * One row as a listing.
 * @throws {SyntaxError} when the row is not JSON.
 * @throws {PipelineError} `INPUT_INVALID` when it is not an object with an item id.
 */
export function parseRow(raw: RawRow | ReadRow): ParsedRow {
  if ('read' in raw) return listingOf(raw.read.row, raw.read.digest, raw);
  const { text } = raw;
  const row: unknown = JSON.parse(text);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new PipelineError('INPUT_INVALID', `Expected a JSON object but received ${text.slice(0, 40)}`, {
      key: 'not-an-object',
    });
  }
  return listingOf(row, undefined, raw);
}

function listingOf(row: object, digest: string | undefined, { shard, line }: RawRow): ParsedRow {
  const fields = row as Readonly<Record<string, unknown>>;
  const ignored: string[] = [];
  const itemId = textOf(fields, 'item_id', ignored);
  if (itemId === undefined) {
    throw new PipelineError('INPUT_INVALID', `Expected item_id but received ${short(fields['item_id'])}`, {
      key: 'item-id-missing',
    });
  }
  // Each field is there, so that all listings are alike to the compiler.
  const listing: Listing = {
    itemId,
    marketplace: textOf(fields, 'marketplace', ignored),
    domain: textOf(fields, 'domain_name', ignored),
    country: textOf(fields, 'country', ignored),
    mainImageId: textOf(fields, 'main_image_id', ignored),
    otherImageIds: imageIds(fields['other_image_id'], ignored),
    attributes: attributesOf(fields, ignored),
    digest: digest ?? digestOf(row),
    shard,
    line,
  };
  return { listing, ignored };
}

function textOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  ignored: string[],
): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  ignored.push(`${name}: Expected text but received ${short(value)}`);
  return undefined;
}

function digestOf(row: object): string {
  return createHash('sha256').update(canonicalJson(row)).digest('hex').slice(0, DIGEST_DIGITS);
}

function reasonOf(error: unknown): string {
  return error instanceof PipelineError && error.key !== undefined ? error.key : 'invalid-json';
}

function imageIds(value: unknown, ignored: string[]): string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const ids = list.filter((id): id is string => typeof id === 'string' && id !== '');
  if (ids.length < list.length)
    ignored.push(`other_image_id: Expected image ids but received ${short(value)}`);
  return ids;
}

function attributesOf(fields: Readonly<Record<string, unknown>>, ignored: string[]): Attributes {
  const attributes: Attributes = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (FIELDS.has(name) || value === null) continue;
    let usable = false;
    const add = (attribute: string, values: AttributeValue[]) => {
      usable = true;
      setOwn(attributes, attribute, values);
    };
    if (name === 'item_dimensions' && isObject(value)) {
      // One attribute an axis.
      for (const [axis, size] of Object.entries(value)) {
        const found = oneValue(size);
        if (found !== undefined) add(`item_${axis}`, [found]);
      }
    } else {
      const values = valuesOf(value);
      if (values.length > 0) add(name, values);
    }
    if (!usable && !(Array.isArray(value) && value.length === 0)) {
      ignored.push(`${name}: Expected a value but received ${short(value)}`);
    }
  }
  return attributes;
}

/** A key such as `__proto__` is a key like any other. */
function setOwn(attributes: Attributes, name: string, values: AttributeValue[]): void {
  if (name !== '__proto__') attributes[name] = values;
  else
    Object.defineProperty(attributes, name, {
      value: values,
      enumerable: true,
      configurable: true,
      writable: true,
    });
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
  if (typeof raw === 'string') return raw === '' ? undefined : { value: raw };
  if (typeof raw === 'number' || typeof raw === 'boolean') return { value: String(raw) };
  if (!isObject(raw)) return undefined;
  // Sizes and weights: the normalised number is the one that can be compared.
  if (isObject(raw['normalized_value'])) return oneValue(raw['normalized_value']);
  const value = raw['value'] ?? raw['node_name'] ?? raw['path'];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  if (value === '') return undefined;
  const { language_tag: language, unit, standardized_values: standardized } = raw;
  return {
    value: String(value),
    ...(typeof language === 'string' && { language }),
    ...(typeof unit === 'string' && { unit }),
    ...(Array.isArray(standardized) && {
      standardized: standardized.filter((one): one is string => typeof one === 'string'),
    }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
