import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, decimal, duration, NOTHING, percent } from '#src/sinks/report/format.js';
import { type Content, escapeHtml, html, markupOf, name } from '#src/sinks/report/html.js';

const anyText = fc.string({ unit: 'binary' });
/** Any UTF-16 code units: halves of characters, too. */
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

/** What a browser reads where the escaped text stands. */
function unescaped(markup: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return markup.replace(/&(amp|lt|gt|quot|#39);/g, (_, entity: string) => characters[entity]!);
}

describe('escapeHtml', () => {
  it('leaves nothing that ends an element, an attribute or a script', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyUnits), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        expect(escaped).not.toMatch(/\p{Surrogate}/u);
        expect(escaped).not.toMatch(/[^\P{Cc}\t\n]/u);
      }),
    );
  });

  it('gives back the text once it is read, apart from what HTML cannot hold', () => {
    fc.assert(
      fc.property(anyUnits, (text) => {
        const legal = text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^\P{Cc}\t\n]/gu, '\ufffd');
        expect(unescaped(escapeHtml(text))).toBe(legal);
      }),
    );
  });
});

describe('html', () => {
  it('escapes text in elements and attributes, and does not escape its own markup again', () => {
    const hostile = `"><script>alert('1')</script>`;
    const markup = markupOf(
      html`<p title="${hostile}">${[html`<b>${hostile}</b>`, ' & ']}${name('<i>')}</p>`,
    );
    const safe = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;';
    expect(markup).toBe(`<p title="${safe}"><b>${safe}</b> &amp; <bdi>&lt;i&gt;</bdi></p>`);
  });

  it('leaves out what is absent and writes zero', () => {
    expect(markupOf(html`${undefined}${false}${0}${[]}`)).toBe('0');
  });

  it('does not take parsed JSON for markup', () => {
    const forged = JSON.parse('{"markup":"<b>","Symbol(markup)":"<b>"}') as Content;
    expect(markupOf(html`${forged}`)).not.toContain('<b>');
  });
});

describe('numbers', () => {
  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY])('shows a dash for %s', (value) => {
    for (const format of [count, percent, duration, bytes]) expect(format(value)).toBe(NOTHING);
    expect(decimal(value, 2)).toBe(NOTHING);
  });

  it('does not depend on the machine’s language', () => {
    expect(count(1234567)).toBe('1,234,567');
    expect(percent(0.8237)).toBe('82.4\u00a0%');
    expect(decimal(1234.5678, 2)).toBe('1,234.57');
  });

  it.each([
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.95, '10 s'],
    [59.6, '1 min'],
    [83.4, '1 min 23 s'],
    [3600, '1 h'],
    [7384, '2 h 3 min'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(duration(seconds).replaceAll('\u00a0', ' ')).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [5_512_345, '5.5 MB'],
    [1_000_000_000_000_000, '1,000 TB'],
  ])('shows %d bytes as %s', (size, text) => {
    expect(bytes(size).replaceAll('\u00a0', ' ')).toBe(text);
  });
});
