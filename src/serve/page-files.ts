import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** A file of the page, held in memory. */
export interface PageFile {
  type: string;
  body: string;
  /** Of its contents, quoted as the header wants it. */
  etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What the page is made of, by address: `/` and `/page/NAME`. Nothing else of the disk is ever served. */
export function readPageFiles(folder = new URL('./page/', import.meta.url)): ReadonlyMap<string, PageFile> {
  const files = readdirSync(folder).filter((name) => extname(name) in TYPES);
  return new Map(
    files.map((name) => {
      const body = readFileSync(new URL(name, folder), 'utf8');
      const etag = `"${hash('sha256', body).slice(0, 16)}"`;
      return [name === 'index.html' ? '/' : `/page/${name}`, { type: TYPES[extname(name)]!, body, etag }];
    }),
  );
}
