import { COLOURS, type Colour, chart, nameAxis, valueAxis } from './charts.js';
import type { Html } from './html.js';

/** Horizontal bars with their names, the first at the top. */
export function bars(options: {
  id: string;
  alt: string;
  rows: readonly (readonly [name: string, value: number])[];
  colour?: Colour;
  note?: string;
  /** Where the axis ends; default: at the largest value. */
  most?: number;
}): Html {
  const { id, alt, rows, colour = 'blue', note, most } = options;
  return chart({
    id,
    alt,
    ...(note !== undefined && { note }),
    draw: (width) => {
      const wide = width > 500;
      const left = wide ? 230 : 118;
      const height = rows.length * 19;
      return {
        height: height + 34,
        option: {
          grid: { top: 4, height, left, width: width - left - 24 },
          xAxis: valueAxis({
            ...(most !== undefined && { max: most, interval: most / (wide ? 4 : 2) }),
            splitNumber: wide ? 4 : 2,
          }),
          yAxis: nameAxis(
            rows.map(([name]) => name),
            wide ? 32 : 15,
          ),
          series: [
            {
              type: 'bar',
              silent: true,
              barWidth: '66%',
              data: rows.map(([, value]) => value),
              itemStyle: { color: COLOURS[colour] },
            },
          ],
        },
      };
    },
  });
}
