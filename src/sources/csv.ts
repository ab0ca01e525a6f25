import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { throwIfAborted } from '../errors.js';
import { peek } from './peek.js';
import type { RawRow } from './source.js';
import { packingOfName, unpack } from './unpack.js';

const NAME = /\.(csv|tsv|tab)(\.gz|\.zst)?$/i;
const SEPARATORS = [',', ';', '\t', '|'] as const;
/** A first line is not longer. */
const HEAD = 64 * 1024;
/** Where a quote is never closed: no record is longer. */
const LONGEST_RECORD = 16 * 1024 * 1024;

/** Whether a file is CSV, by its name. */
export function isCsv(name: string): boolean {
  return NAME.test(name);
}

/**
 * The records of a CSV as rows of JSON, all values being text; its first line names the columns. What separates them
 * (comma, semicolon, tab or bar) is told by that line. A record with more or fewer fields is a row with a fault; where
 * reading itself fails the rows end with one.
 * @param options.shard the file's name, by which it is unpacked.
 */
export async function* csvRecords(
  source: AsyncIterable<Uint8Array>,
  { signal, shard }: { signal: AbortSignal; shard: string },
): AsyncGenerator<RawRow> {
  let line = 0;
  const refused: RawRow[] = [];
  try {
    const { head, all } = await peek(unpack(source, packingOfName(shard)), (sofar) =>
      sofar.includes('\n') ? 1 : HEAD,
    );
    const text = Readable.from(all, { objectMode: false });
    const parser = parse({
      columns: (names: string[]) => names.map((name) => name.trim()),
      delimiter: separatorIn(head.toString()),
      bom: true,
      info: true,
      trim: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: LONGEST_RECORD,
      on_skip(error) {
        const lines = error !== undefined && 'lines' in error ? Number(error.lines) : line + 1;
        refused.push(fault(shard, lines, 'invalid-csv', error?.message ?? 'Expected a record'));
        return undefined;
      },
    });
    // An error of the file ends the parsing, and so whoever reads what it gives.
    pipeline(text, parser, () => {});
    try {
      for await (const { record, info } of parser as AsyncIterable<{
        record: object;
        info: { lines: number };
      }>) {
        throwIfAborted(signal);
        yield* refused.splice(0);
        line = info.lines;
        yield { text: JSON.stringify(record), shard, line };
      }
    } finally {
      text.destroy();
      parser.destroy();
    }
    yield* refused;
  } catch (error) {
    throwIfAborted(signal);
    yield* refused;
    const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    const detail = `Expected the file to go on after line ${line} but: ${(error as Error).message}`;
    yield fault(shard, line + 1, truncated ? 'truncated-shard' : 'unreadable-shard', detail);
  }
}

function fault(
  shard: string,
  line: number,
  reason: NonNullable<RawRow['fault']>['reason'],
  detail: string,
): RawRow {
  return { text: '', shard, line, fault: { reason, detail } };
}

/** What separates the columns in a table's first line: whatever stands there most often, outside quotes. */
export function separatorIn(head: string): string {
  const [first = ''] = head.replace(/"[^"]*"/g, '').split('\n', 1);
  const counts = SEPARATORS.map((separator) => first.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
}
