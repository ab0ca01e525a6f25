import type { Calibration } from '../../../results.js';
import { COLOURS, chart, type Drawing, valueAxis } from '../charts.js';
import type { TaskReport } from '../data.js';
import { count, decimal, percent } from '../format.js';
import { html } from '../html.js';
import type { Section } from '../section.js';
import { folded, table } from '../table.js';

/** Whether a confidence of 80 % is right in 80 of 100 photos. */
export function calibrationSection({ evaluation, train }: TaskReport, id: string): Section {
  const { calibration, eceBefore } = evaluation;
  const { ece, bins } = calibration;
  const { temperature } = train;
  return {
    id,
    title: 'Calibration',
    body: html`<p>Confidences are off by <strong>${decimal(100 * ece, 1)} points</strong> on average (expected calibration error, ${count(bins.length)} bins).
${
  temperature === 1
    ? 'No temperature was fitted: that takes a validation side.'
    : `Before the temperature, ${decimal(temperature, 3)}, which was fitted on the validation side, it was ${decimal(100 * eceBefore, 1)} points.`
}</p>
${chart({
  id: `${id}-chart`,
  alt: `Points: for each bin of confidence the share of its photos that is right; expected calibration error ${decimal(ece, 3)}.`,
  legend: [
    ['blue', 'Right, of the photos with such a confidence'],
    ['grey', 'As it should be'],
  ],
  note: 'The larger a point, the more photos it stands for. Points below the line: too sure.',
  draw: (width) => draw(calibration, width),
})}
${folded('Every bin', binTable(bins))}`,
  };
}

function draw({ bins }: Calibration, width: number): Drawing {
  const filled = bins.filter(({ samples }) => samples > 0);
  const most = Math.max(1, ...filled.map(({ samples }) => samples));
  const axis = valueAxis({ min: 0, max: 1, interval: 0.25 });
  return {
    height: width > 500 ? 320 : 240,
    option: {
      grid: { left: 42, right: 14, top: 14, bottom: 28 },
      xAxis: axis,
      yAxis: axis,
      series: [
        {
          type: 'line',
          data: [
            [0, 0],
            [1, 1],
          ],
          silent: true,
          symbol: 'none',
          lineStyle: { color: COLOURS.grey, width: 1.5, type: 'dashed' },
        },
        {
          type: 'line',
          data: filled.map(({ samples, accuracy, confidence }) => ({
            value: [confidence, accuracy],
            symbolSize: 5 + 13 * Math.sqrt(samples / most),
          })),
          silent: true,
          symbol: 'circle',
          lineStyle: { color: COLOURS.blue, width: 2 },
          itemStyle: { color: COLOURS.blue },
        },
      ],
    },
  };
}

function binTable(bins: Calibration['bins']) {
  return table({
    caption: 'Confidence and accuracy, bin by bin',
    columns: [
      { title: 'Confidence' },
      { title: 'Photos', numeric: true },
      { title: 'Mean confidence', numeric: true },
      { title: 'Right', numeric: true },
    ],
    rows: bins.flatMap(({ samples, accuracy, confidence }, index) =>
      samples === 0
        ? []
        : [
            [
              `${percent(index / bins.length)} to ${percent((index + 1) / bins.length)}`,
              count(samples),
              percent(confidence),
              percent(accuracy),
            ],
          ],
    ),
  });
}
