import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.js';
import { PipelineError } from '../errors.js';
import { DIGEST_DIGITS } from '../listings/digest.js';
import { type Member, memberReader, short } from '../listings/member.js';
import type { Attributes, AttributeValue, Listing } from '../records.js';
import type { RawRow, ReadRow, RowFault } from '../sources/source.js';
import type { Stage } from '../stage.js';
import { mapBlocks } from '../streams.js';

/** A listing and the values in its row that have no usable shape. */
export interface ParsedRow {
  listing: Listing;
  ignored: string[];
}

/** Faults that end a shard. */
const LOST_SHARD: ReadonlySet<string> = new Set<RowFault['reason']>(['truncated-shard', 'unreadable-shard']);

/**
 * Rows → listings. A row that cannot be read is quarantined; a row that says exactly what an earlier one said is
 * merged into it. Holds one digest a row and nothing else.
 */
export function parse(): Stage<RawRow | ReadRow, Listing> {
  return {
    name: 'parse',
    run(source, { account, events }) {
      const first = new Map<string, string>();
      const members = memberReader();
      let count = 0;
      const listingIn = (row: RawRow | ReadRow): Listing | undefined => {
        count += 1;
        const key = `${row.shard ?? 'stdin'}:${row.line ?? count}`;
        if (row.fault !== undefined) {
          account.quarantined(key, row.fault.reason, row.fault.detail);
          // One line of the ledger stands for all rows behind it.
          if (LOST_SHARD.has(row.fault.reason)) {
            const text = `${key}: ${row.fault.detail}. Its rows from there on are lost.`;
            events.emit({ type: 'message', level: 'warning', text });
          }
          return undefined;
        }
        let parsed: ParsedRow;
        try {
          parsed = parseRow(row, members);
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
 * @param members what reads the members of a row that comes as text.
 * @throws {SyntaxError} when the row is not JSON.
 * @throws {PipelineError} `INPUT_INVALID` when it is not an object with an item id.
 */
export function parseRow(raw: RawRow | ReadRow, members = memberReader()): ParsedRow {
  if ('read' in raw) return listingOf(raw.read, raw);
  const { text } = raw;
  const row: unknown = JSON.parse(text);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new PipelineError('INPUT_INVALID', `Expected a JSON object but received ${text.slice(0, 40)}`, {
      key: 'not-an-object',
    });
  }
  const own = Object.entries(row).map(([name, value]) => members(name, value));
  const numbers = Uint32Array.from(own.keys());
  return listingOf({ members: own, numbers, from: 0, to: own.length, digest: digestOf(row) }, raw);
}

function listingOf(
  { members, numbers, from, to, digest }: ReadRow['read'],
  { shard, line }: RawRow,
): ParsedRow {
  const attributes: Attributes = {};
  let itemId: Member | undefined;
  let marketplace: Member | undefined;
  let domain: Member | undefined;
  let country: Member | undefined;
  let mainImageId: Member | undefined;
  let otherImageIds: Member | undefined;
  const rest: Member[] = [];
  for (let at = from; at < to; at++) {
    const member = members[numbers[at]!]!;
    // biome-ignore format: a table
    switch (member.name) {
      case 'item_id': itemId = member; break;
      case 'marketplace': marketplace = member; break;
      case 'domain_name': domain = member; break;
      case 'country': country = member; break;
      case 'main_image_id': mainImageId = member; break;
      case 'other_image_id': otherImageIds = member; break;
      default:
        for (const [name, values] of member.attributes) setOwn(attributes, name, values);
        if (member.ignored !== undefined) rest.push(member);
    }
  }
  if (itemId?.text === undefined) {
    throw new PipelineError('INPUT_INVALID', `Expected item_id but received ${short(itemId?.value)}`, {
      key: 'item-id-missing',
    });
  }
  // Each field is there, so that all listings are alike to the compiler.
  const listing: Listing = {
    itemId: itemId.text,
    marketplace: marketplace?.text,
    domain: domain?.text,
    country: country?.text,
    mainImageId: mainImageId?.text,
    otherImageIds: otherImageIds?.ids ?? [],
    attributes,
    digest,
    shard,
    line,
  };
  const ignored: string[] = [];
  for (const member of [marketplace, domain, country, mainImageId, otherImageIds, ...rest]) {
    if (member?.ignored !== undefined) ignored.push(member.ignored);
  }
  return { listing, ignored };
}

/** A key such as `__proto__` is a key like any other. */
function setOwn(attributes: Attributes, name: string, values: AttributeValue[]): void {
  if (name !== '__proto__') attributes[name] = values;
  else {
    const own = { value: values, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(attributes, name, own);
  }
}

function digestOf(row: object): string {
  return createHash('sha256').update(canonicalJson(row)).digest('hex').slice(0, DIGEST_DIGITS);
}

function reasonOf(error: unknown): string {
  return error instanceof PipelineError && error.key !== undefined ? error.key : 'invalid-json';
}
