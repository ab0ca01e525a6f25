import { COLOURS, type Drawing, nameAxis, svg } from './charts.js';
import type { TaskReport } from './data.js';
import type { Html } from './html.js';
import { mostConfused } from './pairs.js';

const MOST_CLASSES = 40;
const CELL = 27;
const LEFT = 210;
const BOTTOM = 170;

/** The confusion matrix as a drawing of its own; the page has it as a table. Undefined where there are no classes. */
export function confusionFigure({ evaluation }: TaskReport, id: string): Html | undefined {
  const { classes, confusion } = evaluation;
  const shown = mostConfused(confusion, MOST_CLASSES);
  if (shown.length === 0) return undefined;
  const width = LEFT + shown.length * CELL + 20;
  const alt = `Confusion matrix of ${shown.length} classes: rows are labels, columns what the model took photos for.`;
  return svg(id, alt, width, draw(classes, confusion, shown));
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
