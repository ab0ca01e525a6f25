import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes rows as CSV (RFC 4180: commas, quotes where a value needs them), under another name until it is complete. What is null
 * or undefined is empty.
 * @param columns in the order of the file.
 */
export async function writeCsv(
  file: string,
  columns: readonly string[],
  rows: AsyncIterable<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const unfinished = `${file}.unfinished`;
  async function* lines() {
    yield lineOf(columns);
    for await (const row of rows) yield lineOf(columns.map((column) => row[column]));
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function lineOf(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

function field(value: unknown): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
