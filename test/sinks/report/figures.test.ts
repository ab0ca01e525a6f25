import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { writeReport } from '#src/sinks/report/write.js';
import { progressOf } from '../../progress.js';
import { reportData } from './build.js';
import { readMarkup } from './markup.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abo-figures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const figures = () => join(folder, 'figures');
const write = () => writeReport(join(folder, 'report.html'), reportData(), { figures: figures() });

it('writes each figure as SVG with its legend and colours, and as PNG where there are fonts', async () => {
  const written = await write();
  const names = (await readdir(figures())).sort();
  const svgs = names.filter((name) => name.endsWith('.svg'));
  expect(written!.svg).toBe(svgs.length);
  for (const name of [
    'keys-missing',
    'product_type-counts',
    'product_type-training-loss',
    'product_type-confusion',
    'records',
  ]) {
    expect(names).toContain(`${name}.svg`);
  }
  for (const name of svgs) {
    const svg = await readFile(join(figures(), name), 'utf8');
    readMarkup(svg);
    expect(svg).not.toContain('currentColor');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+" viewBox/);
    if (written!.png === 0) continue;
    const { width, height } = await sharp(join(figures(), name.replace('.svg', '.png'))).metadata();
    const [, w, h] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
    expect([width, height]).toEqual([2 * Number(w), 2 * Number(h)]);
  }
  expect(await readFile(join(figures(), 'product_type-training-loss.svg'), 'utf8')).toContain(
    '>Over-fitting gap</text>',
  );
  expect([0, svgs.length]).toContain(written!.png);
});

it('tells how many photos and figures are drawn', async () => {
  const events = eventBus();
  const told = progressOf(events);
  const written = await writeReport(join(folder, 'report.html'), reportData(), {
    figures: figures(),
    events,
  });
  expect(told('report', 'figures')).toEqual({ totals: [written!.svg], last: written!.svg });
  const photos = told('report', 'photos')!;
  expect(photos.last).toBeGreaterThan(0);
  expect(photos.totals).toEqual([photos.last]);
});

it('writes the same bytes again, and leaves nothing of others', async () => {
  const bytes = async () => {
    const names = (await readdir(figures())).sort();
    return Promise.all(
      names.map(async (name) => [name, (await readFile(join(figures(), name))).toString('base64')]),
    );
  };
  const before = await bytes();
  await write();
  expect(await bytes()).toEqual(before);
});
