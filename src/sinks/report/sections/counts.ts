import { SIDES, type Side } from '../../../records.js';
import { COLOURS, type Colour, chart, type Drawing, nameAxis, valueAxis } from '../charts.js';
import type { ClassReport, TaskReport } from '../data.js';
import { count, NOTHING, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { folded, table } from '../table.js';

/** A chart of more bars than this would be a page of its own: the table has them all. */
const MOST_BARS = 40;
const SIDE_COLOURS: Readonly<Record<Side, Colour>> = { train: 'blue', validation: 'amber', test: 'teal' };
const SIDE_NAMES: Readonly<Record<Side, string>> = {
  train: 'Train',
  validation: 'Validation',
  test: 'Test',
};

/** How many photos each class has by nature, and how many after the cap, by side. */
export function countsSection(task: TaskReport, id: string): Section {
  const { classes } = task;
  const capped = classes.filter((one) => one.natural !== undefined && one.natural > kept(one)).length;
  const largest = [...classes].sort((a, b) => (b.natural ?? kept(b)) - (a.natural ?? kept(a)));
  const shown = largest.slice(0, MOST_BARS);
  const sides = SIDES.filter((side) => classes.some((one) => one.sides[side] > 0));
  const hasNatural = classes.some(({ natural }) => natural !== undefined);
  const rest = classes.length - shown.length;
  return {
    id,
    title: 'Photos a class',
    body: html`<p>${plural(classes.length, 'class', 'classes')}, ${plural(sum(classes.map(kept)), 'photo')}${
      hasNatural
        ? `; before the cap there were ${count(sum(classes.map((one) => one.natural ?? 0)))}, and ${plural(capped, 'class was', 'classes were')} cut by it`
        : ', as the samples were given'
    }.</p>
${chart({
  id,
  alt: `Bars: photos of each class${hasNatural ? ' before the cap and' : ''} after it, by side. The table below has the numbers.`,
  legend: [
    ...(hasNatural ? [['grey', 'Before the cap'] as const] : []),
    ...sides.map((side) => [SIDE_COLOURS[side], SIDE_NAMES[side]] as const),
  ],
  ...(rest > 0 && {
    note: `The ${shown.length} largest classes; the table has the other ${count(rest)}, too.`,
  }),
  draw: (width) => draw(shown, sides, hasNatural, width),
})}
${folded(
  'The numbers',
  table({
    caption: 'Photos a class before and after the cap, by side',
    columns: [
      { title: 'Class' },
      { title: 'Before the cap', numeric: true },
      { title: 'After', numeric: true },
      ...SIDES.map((side) => ({ title: SIDE_NAMES[side], numeric: true })),
    ],
    rows: classes.map((one) => [
      name(one.label),
      number(one.natural),
      number(kept(one)),
      ...SIDES.map((side) => number(one.sides[side])),
    ]),
    foot: [
      'All classes',
      hasNatural ? count(sum(classes.map((one) => one.natural ?? 0))) : NOTHING,
      count(sum(classes.map(kept))),
      ...SIDES.map((side) => count(sum(classes.map((one) => one.sides[side])))),
    ],
    sortable: true,
  }),
)}`,
  };
}

/** Two panels that share their names: before the cap, and after it by side. */
function draw(
  classes: readonly ClassReport[],
  sides: readonly Side[],
  hasNatural: boolean,
  width: number,
): Drawing {
  const wide = width > 500;
  const left = wide ? 230 : 118;
  const row = 19;
  const height = classes.length * row + 34;
  // The last number of one axis and the first of the other stand between the panels.
  const gap = wide ? 40 : 24;
  const half = (width - left - gap - 18) / 2;
  const names = classes.map(({ label }) => label);
  const axis = nameAxis(names, wide ? 32 : 15);
  const values = valueAxis({ splitNumber: wide ? 4 : 2 });
  const box = { top: 4, height: classes.length * row };
  const bars = sides.map((side) => ({
    type: 'bar',
    stack: 'side',
    silent: true,
    barWidth: '66%',
    data: classes.map((one) => one.sides[side]),
    itemStyle: { color: COLOURS[SIDE_COLOURS[side]] },
  }));
  if (!hasNatural) {
    const grid = { ...box, left, width: width - left - 16 };
    return { height, option: { grid, xAxis: values, yAxis: axis, series: bars } };
  }
  const natural = {
    type: 'bar',
    silent: true,
    barWidth: '66%',
    data: classes.map((one) => one.natural ?? 0),
    itemStyle: { color: COLOURS.grey },
  };
  return {
    height,
    option: {
      grid: [
        { ...box, left, width: half },
        { ...box, left: left + half + gap, width: half },
      ],
      xAxis: [
        { ...values, gridIndex: 0 },
        { ...values, gridIndex: 1 },
      ],
      yAxis: [
        { ...axis, gridIndex: 0 },
        { ...axis, gridIndex: 1, axisLabel: { show: false } },
      ],
      series: [natural, ...bars.map((series) => ({ ...series, xAxisIndex: 1, yAxisIndex: 1 }))],
    },
  };
}

function kept({ sides }: ClassReport): number {
  return sum(SIDES.map((side) => sides[side]));
}

function number(value: number | undefined) {
  return { show: count(value), by: value ?? -1 };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
