import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listen, type RunningServer } from '#src/serve/server.js';
import { type Gallery, openGallery } from '#src/similar/gallery.js';
import { writeGallery } from '#src/similar/write.js';
import { iterate } from '#src/streams.js';
import { chromiumAbsent, openPage, startChromium } from '../chromium.js';
import { jpeg, temporaryFolder } from '../fixtures.js';
import { drawnEntries } from '../similar/drawn.js';
import { playedPhoto, testedApp } from './served.js';

const SECRET = 'open sesame'.replace(' ', '-');
const LIMITS = { bodyBytes: 100_000, photos: 8, timeoutMs: 60_000, heldPhotos: 64, heldBytes: 10_000_000 };
const WIDE = { viewport: { width: 1200, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** The picture of a page that is compared: small and blurred, so that fonts count for little and the layout for much. */
const EDGE = 48;
const MEAN_LEVELS = 5;
const BLOCK = 6;
const BLOCK_LEVELS = 20;

// What runs in the page is written as text: here there are no types of the DOM.
const SIMILAR_SHOWN =
  "document.querySelectorAll('.similar img').length > 0 && [...document.querySelectorAll('.similar img')].every((image) => image.naturalWidth > 0)";
const FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent";
const pixelOf = (x: number, y: number) =>
  `[...document.querySelector('canvas').getContext('2d').getImageData(${x}, ${y}, 1, 1).data]`;
const transferOf = (name: string, base64: string) => `(() => {
  const bytes = Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], '${name}', { type: 'image/jpeg' }));
  return transfer;
})()`;

describe.skipIf(chromiumAbsent())('the page, in Chromium', () => {
  let folder: { path: string; dispose(): Promise<void> };
  let browser: Browser;
  let gallery: Gallery;
  let server: RunningServer;
  let guarded: RunningServer;
  const at = (name: string) => join(folder.path, name);
  const opened: Page[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder('page');
    const entries = drawnEntries(6, { width: 4 });
    for (const [index, entry] of entries.entries()) entry.thumbnail = await jpeg(index + 20);
    await writeGallery(
      at('gallery'),
      { model: 'product_type', tasks: ['product_type'], photos: entries.length, origin: 'abo' },
      iterate(entries),
    );
    gallery = await openGallery(at('gallery'));
    await mkdir(at('photos/inner'), { recursive: true });
    await writeFile(at('photos/sofa.jpg'), await playedPhoto(2));
    await writeFile(at('photos/lamp.jpg'), await playedPhoto(1));
    await writeFile(at('photos/inner/=chair.jpg'), await playedPhoto(0));
    await writeFile(at('photos/damaged.jpg'), 'damaged');
    await writeFile(at('photos/notes.txt'), 'no photo');
    const options = { gallery, limits: LIMITS };
    const start = (more: object) =>
      listen(testedApp({ ...options, ...more }).app, { host: '127.0.0.1', port: 0, timeoutMs: 60_000 });
    server = await start({ allowUrls: true });
    guarded = await start({ token: SECRET });
    browser = await startChromium();
  });
  afterEach(async () => {
    for (const page of opened.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    await guarded?.close(0);
    await gallery?.close();
    await folder?.dispose();
  });

  async function open(options: BrowserContextOptions = WIDE, { url } = server) {
    const tab = await openPage(browser, options);
    opened.push(tab.page);
    tab.page.setDefaultTimeout(20_000);
    // From now on dialogs of files are events, which takes the browser a moment to begin.
    tab.page.on('filechooser', () => {});
    await tab.page.goto(url);
    return tab;
  }
  const introduced = (page: Page) => page.getByText('This server tells product type (3 classes).').waitFor();
  const status = (page: Page, text: string) =>
    page.locator('#status').filter({ hasText: text }).waitFor({ state: 'visible' });

  it('shows what a photo is, how sure that is, where it stands, what is similar, and whose photos those are', async () => {
    const { page, complaints, hosts } = await open();
    await introduced(page);
    await page.setInputFiles('#choose-input', at('photos/sofa.jpg'));
    await status(page, 'product type SOFA <b>, 80 %');
    const card = page.locator('.card');
    expect(await card.locator('h2').textContent()).toBe('sofa.jpg');
    // A label is text, whatever is in it.
    expect(await card.locator('.answer strong').textContent()).toBe('SOFA <b>');
    expect(await card.locator('.path li').allTextContents()).toEqual(['FURNITURE', 'SOFA <b>']);
    await card.getByText('What else it might be').click();
    expect(await card.locator('.others li').allTextContents()).toEqual(['CHAIR 10 %', 'LAMP 10 %']);
    const thumbnails = card.locator('.similar img');
    expect(await thumbnails.count()).toBe(6);
    await page.waitForFunction(SIMILAR_SHOWN);
    expect(await page.locator('#attribution').textContent()).toContain(
      '© Amazon.com, licensed under CC BY 4.0',
    );
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([new URL(server.url).host]);
  });

  it('shows what it is not sure of as such, and a photo like none that it learned from', async () => {
    for (const [decision, words, below] of [
      ['uncertain', 'product type perhaps LAMP, 80 %', 'Not sure enough to be relied on.'],
      ['unknown', 'product type unknown, perhaps LAMP, 80 %', 'Like no photo that the model learned from.'],
    ] as const) {
      const { app } = testedApp({ gallery, limits: LIMITS, decision });
      const doubting = await listen(app, { host: '127.0.0.1', port: 0, timeoutMs: 60_000 });
      try {
        const { page, complaints } = await open(WIDE, doubting);
        await introduced(page);
        await page.setInputFiles('#choose-input', at('photos/lamp.jpg'));
        await status(page, words);
        expect(await page.locator('.doubt').textContent()).toBe(below);
        const weight = `getComputedStyle(document.querySelector('.answer strong')).fontWeight`;
        expect(await page.evaluate(weight)).toBe('500');
        await page.setInputFiles('#folder-input', at('photos'));
        await status(page, 'Done: 4 of 4 photos');
        expect(await page.locator('#rows em').allTextContents()).toEqual(Array(3).fill(decision));
        expect(complaints).toEqual([]);
      } finally {
        await doubting.close(0);
      }
    }
  });

  it('works by the keyboard alone, and says what it does', async () => {
    const { page, complaints } = await open();
    await introduced(page);
    const focused = () => page.evaluate<string>(FOCUSED);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the results');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Choose photos');
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles([at('photos/lamp.jpg'), at('photos/sofa.jpg')]);
    await status(page, '2 of 2 photos looked at.');
    for (let step = 0; step < 12 && (await focused()) !== 'Why LAMP?'; step++)
      await page.keyboard.press('Tab');
    expect(await focused()).toBe('Why LAMP?');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Space');
    await status(page, 'The photo shows where it speaks for LAMP.');
    const heat = page.getByRole('img', { name: 'Where the photo speaks for LAMP' });
    // Clear where nothing speaks for it, red where most does.
    expect(await page.evaluate(pixelOf(0, 0))).toEqual([0, 0, 0, 0]);
    const [red, green, blue, opacity] = await page.evaluate<number[]>(pixelOf(1, 1));
    expect(red).toBeGreaterThan(2 * Math.max(green!, blue!));
    expect(opacity).toBeGreaterThan(150);
    await page.keyboard.press('Space');
    await heat.waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.locator('.others').first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('takes photos that are dropped and pasted, and the address of one', async () => {
    const { page } = await open();
    await introduced(page);
    const bytes = (await playedPhoto(0)).toString('base64');
    const dropped = `{ dataTransfer: ${transferOf('dropped.jpg', bytes)}, bubbles: true, cancelable: true }`;
    await page.evaluate(`document.querySelector('#drop').dispatchEvent(new DragEvent('drop', ${dropped}))`);
    await status(page, 'product type CHAIR, 80 %');
    const pasted = `{ clipboardData: ${transferOf('image.png', bytes)} }`;
    await page.evaluate(`dispatchEvent(new ClipboardEvent('paste', ${pasted}))`);
    await page.locator('.card:has-text("image.png") .answer').waitFor();
    await page.getByLabel('or the address of one').fill('http://127.0.0.1:9/private.jpg');
    await page.keyboard.press('Enter');
    await page.getByText('that URL leads to a private one').waitFor();
    expect(await page.locator('.card').count()).toBe(3);
  });

  it('looks at a folder, and gives what it found as CSV', async () => {
    const { page } = await open();
    await introduced(page);
    await page.setInputFiles('#folder-input', at('photos'));
    await status(page, 'Done: 4 of 4 photos; 1 could not be read.');
    expect(await page.locator('#rows tr').count()).toBe(4);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('predictions.csv');
    expect(await readFile(await file.path(), 'utf8')).toBe(
      '\ufefffile,product_type,product_type_confidence,product_type_decision,error\r\n' +
        'photos/damaged.jpg,,,,IMAGE_DAMAGED\r\n' +
        'photos/inner/=chair.jpg,CHAIR,0.8,accepted,\r\n' +
        'photos/lamp.jpg,LAMP,0.8,accepted,\r\n' +
        'photos/sofa.jpg,SOFA <b>,0.8,accepted,\r\n',
    );
  });

  it('says why a photo could not be looked at', async () => {
    const { page } = await open();
    await introduced(page);
    await page.setInputFiles('#choose-input', at('photos/damaged.jpg'));
    await status(page, 'That photo could not be looked at.');
    expect(await page.locator('.card .bad').textContent()).toBe(
      'Expected a whole image but its data is damaged',
    );
  });

  it('asks for the token where one is wanted, until it is right', async () => {
    const { page } = await open(WIDE, guarded);
    const dialog = page.getByRole('dialog', { name: 'This server wants a token' });
    await dialog.waitFor();
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That one was wrong.').waitFor();
    await page.keyboard.type(SECRET);
    await page.keyboard.press('Enter');
    await introduced(page);
    // Nothing is downloaded here.
    expect(await page.locator('#address').isVisible()).toBe(false);
    await page.setInputFiles('#choose-input', at('photos/sofa.jpg'));
    await status(page, 'product type SOFA <b>, 80 %');
    await page.waitForFunction(SIMILAR_SHOWN);
  });

  it('fits a phone: nothing is wider, what is touched is large, and there is its camera', async () => {
    const { page } = await open(PHONE);
    await introduced(page);
    expect(await page.getByRole('button', { name: 'Take a photo' }).isVisible()).toBe(true);
    expect(await page.locator('#camera-input').getAttribute('capture')).toBe('environment');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Take a photo' }).tap();
    await (await chooser).setFiles(at('photos/sofa.jpg'));
    await status(page, 'product type SOFA <b>, 80 %');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    for (const button of await page.locator('.drop button:visible').all()) {
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44);
    }
    const picture = (await page.locator('.card .picture').boundingBox())!;
    const facts = (await page.locator('.card .facts').boundingBox())!;
    expect(facts.y).toBeGreaterThan(picture.y + picture.height);
  });

  it.each([
    ['wide', WIDE],
    ['dark', { ...WIDE, colorScheme: 'dark' as const }],
    ['phone', PHONE],
  ])('looks as it did (%s)', async (name, options) => {
    const { page } = await open(options);
    await introduced(page);
    await page.setInputFiles('#choose-input', at('photos/sofa.jpg'));
    await status(page, 'product type SOFA <b>, 80 %');
    await page.waitForFunction(SIMILAR_SHOWN);
    const picture = await sharp(await page.screenshot({ animations: 'disabled' }))
      .resize({ width: EDGE, height: EDGE, fit: 'fill' })
      .blur(1)
      .removeAlpha()
      .png()
      .toBuffer();
    const file = new URL(`./page/${name}.png`, import.meta.url);
    if (process.env['UPDATE_SCREENSHOTS'] === '1') await writeFile(file, picture);
    const [now, then] = await Promise.all(
      [picture, await readFile(file)].map((png) => sharp(png).raw().toBuffer()),
    );
    const differences = [...now!].map((level, index) => Math.abs(level - then![index]!));
    const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
    expect(mean(differences)).toBeLessThan(MEAN_LEVELS);
    // A part that is gone counts little in the whole.
    for (let top = 0; top < EDGE; top += BLOCK) {
      for (let left = 0; left < EDGE; left += BLOCK) {
        const block = differences.filter((_, index) => {
          const [x, y] = [Math.floor(index / 3) % EDGE, Math.floor(index / 3 / EDGE)];
          return x >= left && x < left + BLOCK && y >= top && y < top + BLOCK;
        });
        expect(mean(block), `at ${left}, ${top}`).toBeLessThan(BLOCK_LEVELS);
      }
    }
  });
});
