import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** The system's own Chromium, or the one that `CHROMIUM` names: nothing is downloaded. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const REQUIRED = process.env['REQUIRE']?.split(',').includes('chromium') ?? false;

/** Whether tests in a browser are left out here; says so, once a file. With `REQUIRE=chromium` they never are. */
export function chromiumAbsent(): boolean {
  if (REQUIRED || existsSync(EXECUTABLE)) return false;
  console.warn(`SKIPPED: ${EXECUTABLE} is absent (set CHROMIUM)`);
  return true;
}

export interface OpenedPage {
  page: Page;
  /** What went wrong in it: errors, blocked resources, messages of the console's level `error`. */
  complaints: string[];
  /** The hosts that it asked. */
  hosts: Set<string>;
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page in a context of its own, which is watched. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http')) hosts.add(host);
  });
  return { page, complaints, hosts };
}
