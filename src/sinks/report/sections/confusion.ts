import { COLOURS, type Drawing, nameAxis, svg } from '../charts.js';
import type { TaskReport } from '../data.js';
import { count, percent } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** A larger matrix could not be read: only the most confused classes are drawn then. */
const MOST_CLASSES = 40;
const MOST_PAIRS = 15;
const CELL = 27;
const LEFT = 210;
const BOTTOM = 170;

/** Which classes are taken for which others. */
export function confusionSection(task: TaskReport, id: string): Section {
  const { classes, confusion, side } = task.evaluation;
  const shown = mostConfused(confusion, MOST_CLASSES);
  const pairs = confusedPairs(confusion);
  const width = LEFT + shown.length * CELL + 20;
  const alt = `Confusion matrix of ${shown.length} classes. The most frequent confusions stand in the table below.`;
  return {
    id,
    title: 'Confusion matrix',
    body: html`<p>A row is a class of the ${side} side, a column what the model took its photos for: right in teal, wrong in red, stronger the larger the share of the row.</p>
${
  shown.length < classes.length &&
  html`<p class="note">The ${shown.length} most confused of ${count(classes.length)} classes; the table of classes has the others.</p>`
}
${
  shown.length > 0 &&
  html`<div class="scroll" role="region" aria-label="Confusion matrix" tabindex="0">
<figure class="matrix" style="--width:${width}px">${svg(id, alt, width, draw(classes, confusion, shown))}</figure>
</div>`
}
${
  pairs.length === 0
    ? html`<p>No photo was taken for another class.</p>`
    : table({
        caption: pairs.length > MOST_PAIRS ? `The ${MOST_PAIRS} most frequent confusions` : 'Every confusion',
        columns: [
          { title: 'Class' },
          { title: 'Taken for' },
          { title: 'Photos', numeric: true },
          { title: 'Share of the class', numeric: true },
        ],
        rows: pairs
          .slice(0, MOST_PAIRS)
          .map(({ from, to, photos, share }) => [
            name(classes[from] ?? ''),
            name(classes[to] ?? ''),
            count(photos),
            percent(share),
          ]),
      })
}`,
  };
}

/** The classes with the most mistakes in their row and column, in the classes' own order. */
export function mostConfused(confusion: readonly (readonly number[])[], most: number): number[] {
  const mistakes = confusion.map(() => 0);
  confusion.forEach((row, from) => {
    row.forEach((photos, to) => {
      if (from === to) return;
      mistakes[from]! += photos;
      mistakes[to]! += photos;
    });
  });
  return mistakes
    .map((_, index) => index)
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** Every pair of classes that was confused, the most frequent first. */
export function confusedPairs(
  confusion: readonly (readonly number[])[],
): { from: number; to: number; photos: number; share: number }[] {
  return confusion
    .flatMap((row, from) => {
      const total = row.reduce((sum, photos) => sum + photos, 0);
      return row.flatMap((photos, to) =>
        from !== to && photos > 0 ? [{ from, to, photos, share: photos / total }] : [],
      );
    })
    .sort((a, b) => b.photos - a.photos || b.share - a.share || a.from - b.from || a.to - b.to);
}

function draw(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  shown: readonly number[],
): Drawing {
  const names = shown.map((index) => classes[index] ?? '');
  const cells = shown.flatMap((from, y) => {
    const total = confusion[from]!.reduce((sum, photos) => sum + photos, 0);
    return shown.flatMap((to, x) => {
      const photos = confusion[from]![to] ?? 0;
      return photos === 0 ? [] : [{ x, y, photos, share: photos / total }];
    });
  });
  const series = (wanted: (cell: { x: number; y: number }) => boolean) => ({
    type: 'heatmap',
    silent: true,
    label: { show: true, color: 'currentColor', fontSize: 10, formatter: photosOf },
    itemStyle: { borderRadius: 3 },
    data: cells.filter(wanted).map(({ x, y, photos, share }) => [x, y, share, photos]),
  });
  const shade = (seriesIndex: number, color: string) => ({
    type: 'continuous',
    show: false,
    seriesIndex,
    dimension: 2,
    min: 0,
    max: 1,
    // Square roots: a confusion of a twentieth of a class has to be seen at all.
    inRange: { color: Array.from({ length: 21 }, (_, step) => fade(color, 0.85 * Math.sqrt(step / 20))) },
  });
  const size = shown.length * CELL;
  const lines = { show: true, lineStyle: { color: 'currentColor', opacity: 0.08 } };
  return {
    height: size + BOTTOM,
    option: {
      grid: { left: LEFT, top: 4, width: size, height: size },
      yAxis: nameAxis(names, 30, { splitLine: lines }),
      xAxis: nameAxis(names, 26, {
        inverse: false,
        splitLine: lines,
        axisLabel: { color: 'currentColor', interval: 0, rotate: 90 },
      }),
      visualMap: [shade(0, COLOURS.teal), shade(1, COLOURS.red)],
      series: [series(({ x, y }) => x === y), series(({ x, y }) => x !== y)],
    },
  };
}

function photosOf({ value }: { value: readonly number[] }): string {
  return String(value[3]);
}

function fade(colour: string, opacity: number): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${opacity.toFixed(3)})`;
}
