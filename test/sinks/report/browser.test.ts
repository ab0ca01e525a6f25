import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '#src/sinks/report/write.js';
import { chromiumAbsent, openPage, startChromium } from '../../chromium.js';
import { drawPhoto, photoFiles, reportData } from './build.js';

// What runs in the page is written as text: here there are no types of the DOM.
const FOCUSED = 'document.activeElement.textContent';
const ROWS =
  "[...document.querySelectorAll('table[data-confusion] tbody th')].map((head) => head.textContent)";
const HEADS =
  "[...document.querySelectorAll('table[data-confusion] thead th')].map((head) => head.textContent)";
const CELLS =
  "[...document.querySelectorAll('table[data-confusion] tbody tr')].map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent)))";
/** Texts whose colour is too near the colour of their ground: less than 4.5 to 1 (WCAG 2.2, 1.4.3; large ones 3). */
const FAINT = `(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return colour.startsWith('color(srgb') ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map((k) => top[3] * top[k] + (1 - top[3]) * below[k]);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    const base = matchMedia('(prefers-color-scheme: dark)').matches ? [20, 23, 28] : [255, 255, 255];
    return layers.reverse().reduce((below, top) => over(top, below), base);
  };
  const found = new Map();
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('svg, script, style, .skip') || !element.checkVisibility()) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.set(element.tagName + '.' + element.className, ratio.toFixed(2));
  }
  return [...found];
})()`;

describe.skipIf(chromiumAbsent())('a report in Chromium', () => {
  let folder: string;
  let browser: Browser;
  let address: string;
  const data = () => reportData({ folder: join(folder, 'photos') });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'abo-report-'));
    await Promise.all(photoFiles(data()).map(drawPhoto));
    await writeReport(join(folder, 'report.html'), data());
    address = pathToFileURL(join(folder, 'report.html')).href;
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: BrowserContextOptions = {}) => {
    const opened = await openPage(browser, options);
    const asked: string[] = [];
    opened.page.on('request', (request) => asked.push(request.url()));
    await opened.page.goto(address);
    return { ...opened, asked: () => asked.filter((url) => !url.startsWith('data:')) };
  };

  it('asks for nothing but itself and complains of nothing', async () => {
    const { page, complaints, asked } = await open();
    await page.evaluate('Promise.all([...document.images].map((image) => image.decode()))');
    expect(await page.title()).toBe('demo · report');
    expect(asked()).toEqual([address]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('is readable in %s colours', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
    expect(await page.evaluate(FAINT)).toEqual([]);
    // The check must be able to notice.
    await page.evaluate('document.querySelector("h1").style.color = "#888"');
    await page.evaluate('document.querySelector("h1").style.background = "#777"');
    expect(await page.evaluate(FAINT)).toHaveLength(1);
    await page.context().close();
  });

  it('orders the matrix, rows and columns alike, and its numbers stay with their classes', async () => {
    const { page } = await open();
    const { classes, confusion, perClass } = data().tasks[0]!.evaluation;
    await page.getByLabel('Order').selectOption('wrong');
    const worst = [...classes.keys()].sort((a, b) => perClass[a]!.recall - perClass[b]!.recall || a - b);
    expect(await page.evaluate(ROWS)).toEqual(worst.map((at) => classes[at]));
    expect(await page.evaluate(HEADS)).toEqual(worst.map((at) => classes[at]));
    expect(await page.evaluate(CELLS)).toEqual(worst.map((from) => worst.map((to) => confusion[from]![to])));
    await page.getByLabel('Order').selectOption('label');
    expect(await page.evaluate(ROWS)).toEqual(classes);
    const height = () =>
      page.evaluate<number>('document.querySelector("table[data-confusion]").offsetHeight');
    const before = await height();
    await page.getByRole('button', { name: 'Larger' }).click();
    expect(await height()).toBeGreaterThan(before);
    await page.getByRole('button', { name: '100 %' }).click();
    expect(await height()).toBe(before);
    await page.context().close();
  });

  it('leads by keys alone from a number of the matrix to its photos and back', async () => {
    const { page, complaints } = await open();
    const links = page.locator('table[data-confusion] a');
    await page.getByRole('button', { name: 'Larger' }).focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(FOCUSED)).toBe(await links.first().textContent());
    const hash = () => page.evaluate<string>('document.activeElement.hash');
    const first = await hash();
    await page.keyboard.press('ArrowDown');
    if ((await hash()) === first) await page.keyboard.press('ArrowRight');
    expect(await hash()).not.toBe(first);
    const photos = page.locator(await hash());
    expect(await photos.getAttribute('open')).toBeNull();
    await page.keyboard.press('Enter');
    await page.waitForFunction('document.activeElement.tagName === "SUMMARY"');
    expect(await photos.getAttribute('open')).toBe('');
    expect(await photos.locator('img').count()).toBeGreaterThan(0);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(FOCUSED)).toBe('Back to the matrix');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('fits a phone, and paper, where tables are whole and what is folded is open', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 }, isMobile: true });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.locator('.tools').first().isVisible()).toBe(false);
    expect(await page.locator('#task-1-counts table').isVisible()).toBe(true);
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
    await page.context().close();
  });
});
