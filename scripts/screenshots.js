// Takes the documents' pictures of the report and of the served page into docs/images/, in a real Chromium.
//   npm start && node scripts/screenshots.js [RUN [PHOTO]]
// CHROMIUM names the browser; default: /usr/bin/chromium. What is not there yet (no `pipeline serve`, no photo) is passed over, loudly.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const MOST_BYTES = 200_000;
const [run = 'runs/demo', photo = somePhoto(run)] = process.argv.slice(2);
const out = 'docs/images';
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A test photo of the run, where its dump still lies there. */
function somePhoto(folder) {
  const { source } = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
  const samples = readdirSync(folder).find((name) => /^samples-.*\.jsonl$/.test(name));
  const lines = readFileSync(join(folder, samples), 'utf8').trim().split('\n');
  const test = lines.map((line) => JSON.parse(line)).find(({ split }) => split === 'test');
  const file = join(source, 'images/small', test.path);
  return existsSync(file) ? file : undefined;
}

async function picture(page, name) {
  const png = await page.screenshot({ animations: 'disabled' });
  const file = join(out, `${name}.webp`);
  for (const quality of [90, 75, 60, 40]) {
    const { size } = await sharp(png).webp({ quality, effort: 6 }).toFile(file);
    if (size <= MOST_BYTES) return console.log(`${file}: ${size} bytes`);
  }
  throw new Error(`Expected ${file} to be at most ${MOST_BYTES} bytes`);
}

async function ofReport(browser) {
  for (const [name, colorScheme] of [
    ['report', 'light'],
    ['report-dark', 'dark'],
  ]) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme });
    await page.goto(pathToFileURL(resolve(run, 'report.html')).href);
    await page.waitForLoadState('networkidle');
    await picture(page, name);
    await page.close();
  }
}

async function ofServe(browser) {
  if (photo === undefined) return console.warn('SKIPPED: no photo to show; name one as the second argument');
  const args = ['bin/pipeline', 'serve', '--model', join(run, 'model'), '--port', '0', '--json'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    const lines = createInterface({ input: server.stdout });
    const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
    if (first === undefined) return console.warn('SKIPPED: pipeline serve did not start');
    const { url } = JSON.parse(first[0]);
    const page = await browser.newPage({ viewport: { width: 1000, height: 860 } });
    await page.goto(url);
    await page.setInputFiles('#choose-input', photo);
    await page.waitForFunction(() => globalThis.document.querySelector('#results')?.childElementCount > 0);
    await page.waitForLoadState('networkidle');
    await picture(page, 'serve');
  } finally {
    server.kill('SIGINT');
    await ended;
  }
}

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  await ofReport(browser);
  await ofServe(browser);
} finally {
  await browser.close();
}
