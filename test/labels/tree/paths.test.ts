import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { segmentsOf, withoutRoots } from '#src/labels/tree/paths.js';
import { parseRow } from '#src/stages/parse.js';
import { absent, SAMPLE } from '../../shared.js';

describe('segmentsOf', () => {
  it.each([
    ['/Categories/Shoes/Women’s Shoes', ['Categories', 'Shoes', 'Women’s Shoes']],
    ['/Self Service/Categories/Shoes', ['Categories', 'Shoes']],
    ['/SELF SERVICE/Special Features Stores/19e81d86-5e0a-4b3c-9d1f_0/Shoes', ['Shoes']],
    ['/Self Service/Custom Stores', []],
    ['//Categorieën/ Dames \u00a0/Schoenen/', ['Categorieën', 'Dames', 'Schoenen']],
    ['ホーム＆キッチン', ['ホーム&キッチン']],
    ['', []],
  ])('reads %j', (path, names) => {
    expect(segmentsOf(path)).toEqual(names);
  });

  it.skipIf(absent(SAMPLE))('reads every node of the genuine rows', () => {
    const rows = readFileSync(join(SAMPLE, 'genuine_rows.jsonl'), 'utf8').trim().split('\n');
    const nodes = rows.flatMap((text) => parseRow({ text }).listing.attributes['node'] ?? []);
    expect(nodes.length).toBeGreaterThan(4);
    for (const { value } of nodes) {
      expect(segmentsOf(value)[0]).toMatch(/^(Categories|Categorieën|Kategoriler|Categorías)$/);
      expect(segmentsOf(value).length).toBeGreaterThan(1);
    }
  });
});

describe('withoutRoots', () => {
  const path = (catalogue: string, segments: string, photos: Record<string, number>) => ({
    catalogue,
    segments: segments.split('/'),
    photos: new Map(Object.entries(photos)),
  });

  it('drops what nearly every class stands under, and a root inside it, but no department', () => {
    const paths = [
      path('tr', 'Kategoriler/Tüm Ürünler/Ev/Lamba', { LAMP: 9 }),
      path('tr', 'Kategoriler/Tüm Ürünler/Ev/Masa', { TABLE: 9 }),
      path('tr', 'Kategoriler/Tüm Ürünler/Moda/Bot', { BOOT: 9 }),
      path('tr', 'Kategoriler/Tüm Ürünler/Moda/Çanta', { HANDBAG: 9, LAMP: 1 }),
      path('us', 'Departments/Home', { LAMP: 5, TABLE: 5 }),
      path('us', 'Departments/Fashion', { BOOT: 5, HANDBAG: 5 }),
      path('us', 'Categories', { LAMP: 5, TABLE: 5, BOOT: 5, HANDBAG: 5 }),
    ];
    expect(withoutRoots(paths).map((names) => names.join('/'))).toEqual([
      'Ev/Lamba',
      'Ev/Masa',
      'Moda/Bot',
      'Moda/Çanta',
      'Home',
      'Fashion',
      '',
    ]);
  });

  it('tells nothing of two classes', () => {
    const paths = [path('us', 'Shoes/Boots', { BOOT: 5 }), path('us', 'Shoes/Sandals', { SANDAL: 5 })];
    expect(withoutRoots(paths)).toEqual([
      ['Shoes', 'Boots'],
      ['Shoes', 'Sandals'],
    ]);
  });
});
