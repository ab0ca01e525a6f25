import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { throwIfAborted } from '../../errors.js';
import type { EventBus } from '../../events.js';
import { telling } from '../../telling.js';
import { COLOURS, type Colour } from './charts.js';
import { confusionFigure } from './confusion-figure.js';
import type { TaskReport } from './data.js';
import { markupOf } from './html.js';

/** A drawing on its own. */
export interface Figure {
  /** Of its file, without ending. */
  name: string;
  svg: string;
}

/** How many figures were written as SVG, and as PNG: none where the system has no fonts to draw their text with. */
export interface WrittenFigures {
  svg: number;
  png: number;
}

const INK = '#1b1f26';
/** Pixels of a PNG for each of an SVG. */
const SCALE = 2;
/** Of its legend and of the text in it, in pixels. */
const LEGEND = 26;
const TEXT = 12;
const CHART =
  /<figure class="chart">\s*(?:<ul class="legend">(.*?)<\/ul>)?\s*<div class="wide" data-figure="([\w-]+)">(<svg [\s\S]*?<\/svg>)/g;

interface LegendEntry {
  colour: string;
  text: string;
}

/** Every chart of a page, as it is drawn for wide screens, and each task's confusion matrix. */
export function figuresOf(page: string, tasks: readonly TaskReport[]): Figure[] {
  const charts = [...page.matchAll(CHART)].map(([, list = '', id, markup]) => ({
    id: id!,
    markup: markup!,
    legend: [...list.matchAll(/<li class="(\w+)">([^<]*)/g)].map(([, colour, text]) => ({
      colour: colour!,
      text: text!,
    })),
  }));
  const matrices = tasks.flatMap((task, index) => {
    const id = `task-${index + 1}-confusion`;
    const drawn = confusionFigure(task, id);
    return drawn === undefined ? [] : [{ id, markup: markupOf(drawn), legend: [] }];
  });
  return [...charts, ...matrices].map(({ id, markup, legend }) => ({
    name: named(id, tasks),
    svg: alone(markup, legend),
  }));
}

/** `task-2-loss` → `color-loss`; a task whose name is no file's keeps its number. */
function named(id: string, tasks: readonly TaskReport[]): string {
  const [whole, index] = /^task-(\d+)/.exec(id) ?? [];
  if (whole === undefined) return id;
  const { name } = tasks[Number(index) - 1]!;
  return /^\w+$/.test(name) ? id.replace(whole, name) : id;
}

/** A drawing of the page as a document: with its legend, a colour of its own, on white. */
function alone(markup: string, legend: readonly LegendEntry[]): string {
  const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(markup)![1]!;
  const [width, height] = [Number(attribute('width')), Number(attribute('height'))];
  const top = legend.length > 0 ? LEGEND : 0;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + top}" viewBox="0 0 ${width} ${height + top}">
<title>${attribute('aria-label')}</title>
<rect width="100%" height="100%" fill="#fff"/>
${legendMarkup(legend)}${markup.replace('<svg ', `<svg y="${top}" `)}
</svg>`.replaceAll('currentColor', INK);
}

/** Squares and their names on one line; a letter takes about half its size. */
function legendMarkup(legend: readonly LegendEntry[]): string {
  let left = 8;
  return legend
    .map(({ colour, text }) => {
      const at = left;
      left += 30 + 0.6 * TEXT * text.length;
      const [fill, opacity] = colour === 'gap' ? [COLOURS.amber, 0.3] : [COLOURS[colour as Colour], 1];
      return `<rect x="${at}" y="7" width="10" height="10" rx="2" fill="${fill}" opacity="${opacity}"/><text x="${at + 15}" y="16" font-family="system-ui, sans-serif" font-size="${TEXT}" fill="${INK}">${text}</text>
`;
    })
    .join('');
}

/**
 * Writes figures as SVG and PNG into a folder, which holds nothing else afterwards.
 * @throws {PipelineError} `ABORTED`
 */
export async function writeFigures(
  folder: string,
  figures: readonly Figure[],
  { signal, events }: { signal?: AbortSignal; events?: EventBus } = {},
): Promise<WrittenFigures> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pngs = await canDrawText();
  const tell = telling(events, { stage: 'report', unit: 'figures', total: figures.length });
  for (const [done, { name, svg }] of figures.entries()) {
    tell(done);
    if (signal !== undefined) throwIfAborted(signal);
    await writeFile(join(folder, `${name}.svg`), `${svg}\n`);
    if (pngs)
      await sharp(Buffer.from(svg), { density: 72 * SCALE })
        .png()
        .toFile(join(folder, `${name}.png`));
  }
  tell(figures.length);
  return { svg: figures.length, png: pngs ? figures.length : 0 };
}

/** Without fonts, every letter is drawn as the same empty box. */
async function canDrawText(): Promise<boolean> {
  const drawn = ['A', 'W'].map((letter) =>
    sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30" font-family="sans-serif" font-size="24">${letter}</text></svg>`,
      ),
    )
      .raw()
      .toBuffer(),
  );
  const [a, w] = await Promise.all(drawn);
  return !a!.equals(w!);
}
