import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { colorsIn } from '#src/labels/colors.js';
import { COLORS, PALETTE } from '#src/labels/palette.js';
import { randomSource } from '#src/random.js';
import { aboSource } from '#src/sources/abo.js';
import { parseRow } from '#src/stages/parse.js';
import { listingRow } from '#src/synth/listing.js';
import { planDump } from '#src/synth/plan.js';
import { MARKETS, NUANCES, wordsOf } from '#src/synth/words.js';
import { absent, SAMPLE } from '../shared.js';
import { HAND_CHECKED } from './hand-checked.js';

describe('colorsIn', () => {
  it.each([
    ['Schwarz', 'de_DE', 'black'],
    ['SCHWARZER', 'de_DE', 'black'],
    ['noir', 'fr_FR', 'black'],
    ['Dunkelblau', 'de_DE', 'blue'],
    ['schwarzweiß', 'de_DE', 'black white'],
    ['WEISS', 'de_DE', 'white'],
    ['Bleu marine et or', 'fr_FR', 'blue gold'],
    ['KIRMIZI', 'tr_TR', 'red'],
    ['SİYAH ve beyaz', 'tr_TR', 'black white'],
    ['ダークブルー', 'ja_JP', 'blue'],
    ['ブラック／ホワイト', 'ja_JP', 'black white'],
    ['黑色', 'zh_CN', 'black'],
    ['ｂｌａｃｋ', undefined, 'black'],
    ['black/white', undefined, 'black white'],
    ['black - black', undefined, 'black'],
    ['l.grey', undefined, 'grey'],
    ['Navy01', undefined, 'blue'],
    ['smoke blue', undefined, 'blue'],
    ['off-white', undefined, 'white'],
    ['Multi-Coloured', undefined, 'multi'],
    ['Blk/Wht', undefined, 'black white'],
    ['Black Walnut', 'en_US', 'brown'],
    ['czarno-biały', 'pl_PL', 'black white'],
    ['biało-niebiesko-czerwony', 'pl_PL', 'white blue red'],
    ['colour 4', undefined, ''],
    ['', undefined, ''],
    ['()', undefined, ''],
  ])('reads %j in %s as "%s"', (text, language, colors) => {
    expect(colorsIn(text, language).join(' ')).toBe(colors);
  });

  it('knows in which language a word is a colour', () => {
    expect(colorsIn('black or white', 'en_US')).toEqual(['black', 'white']);
    expect(colorsIn('noir ou or', 'fr_FR')).toEqual(['black']);
    expect(colorsIn('Marron', 'es_MX')).toEqual(['brown']);
    expect(colorsIn('Maroon', 'en_IN')).toEqual(['red']);
    expect(colorsIn('Mor', 'tr_TR')).toEqual(['purple']);
  });

  it('takes what stands in brackets only where nothing before it is a colour', () => {
    expect(colorsIn('Rot (red red)')).toEqual(['red']);
    expect(colorsIn('brown (tan black)')).toEqual(['brown']);
    expect(colorsIn('Style 7 (tan/black)')).toEqual(['brown', 'black']);
  });

  it('reads a text in another language than its tag says', () => {
    expect(colorsIn('Weiße Pulverbeschichtung', 'tr_TR')).toEqual(['white']);
    expect(colorsIn('White Powder Coat', 'es_MX')).toEqual(['white']);
  });

  it('reads every word of its own lists as the list says, in the list’s language', () => {
    for (const [language, { names, shades }] of Object.entries(PALETTE)) {
      for (const byColor of [names, shades]) {
        for (const [color, list] of Object.entries(byColor)) {
          expect(COLORS).toContain(color);
          for (const word of list.split('|')) {
            expect([language, word, ...colorsIn(word, language)]).toEqual([language, word, color]);
          }
        }
      }
    }
  });

  it('reads every colour of synthetic dumps in all seven of their languages, under any nuance', () => {
    for (const { language } of MARKETS) {
      for (const [color, word] of Object.entries(wordsOf(language).colors)) {
        for (const nuance of NUANCES) {
          expect([word, ...colorsIn(`${nuance}${word}`, language)]).toEqual([word, color.toLowerCase()]);
        }
      }
    }
  });

  it('reads each row of a synthetic dump as its truth says, without its standardized values', () => {
    const random = randomSource(8);
    const seen = new Map<string, number>();
    for (const { ordinal, listings } of planDump(random, 2000)) {
      for (const listing of listings) {
        const { attributes } = parseRow({ text: listingRow(random, listing, ordinal) }).listing;
        for (const { value, language } of attributes['color'] ?? []) {
          expect([value, ...colorsIn(value, language)]).toEqual([value, listing.color.toLowerCase()]);
          const tag = language ?? 'none';
          seen.set(tag, (seen.get(tag) ?? 0) + 1);
        }
      }
    }
    // Eleven marketplaces' languages, and texts without a tag.
    expect([...seen.values()].every((times) => times >= 10)).toBe(true);
    expect(seen.size).toBe(12);
  });
});

describe.skipIf(absent(SAMPLE))('the real sample’s colours', () => {
  async function sampleColors(): Promise<Map<string, number>> {
    const { signal } = new AbortController();
    const counts = new Map<string, number>();
    const source = await aboSource({ dir: SAMPLE, signal, events: eventBus() });
    for await (const row of source.rows(signal)) {
      for (const { value } of parseRow(row).listing.attributes['color'] ?? []) {
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    return counts;
  }

  it('are read as a person reads them in at least 145 of 150 values, and mapped in at least 93 % of rows', async () => {
    const counts = await sampleColors();
    const wrong: string[] = [];
    let checked = 0;
    for (const value of counts.keys()) {
      const digest = createHash('sha256').update(value).digest('hex').slice(0, 10);
      const expected = HAND_CHECKED[digest];
      if (expected === undefined) continue;
      checked += 1;
      const read = colorsIn(value).join(' ');
      if (read !== expected) wrong.push(`${value}: ${read || 'nothing'} instead of ${expected || 'nothing'}`);
    }
    expect(checked).toBe(150);
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(5);

    const rows = [...counts].reduce((total, [, times]) => total + times, 0);
    const mapped = [...counts].filter(([value]) => colorsIn(value).length > 0);
    const share = mapped.reduce((total, [, times]) => total + times, 0) / rows;
    expect(share).toBeGreaterThan(0.93);
    console.info(
      `colours: ${(100 * share).toFixed(1)} % of ${rows} rows, ${mapped.length} of ${counts.size} values`,
    );
  });

  it('of its genuine rows are read in every language', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(join(SAMPLE, 'genuine_rows.jsonl'), 'utf8');
    const read = text
      .trim()
      .split('\n')
      .flatMap((line) => parseRow({ text: line }).listing.attributes['color'] ?? [])
      .map(({ value, language, standardized }) => colorsIn(standardized?.[0] ?? value, language).join(' '));
    expect(read).toEqual(['multi blue', 'white', 'white', 'multi']);
  });
});
