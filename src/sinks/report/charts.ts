import { BarChart, HeatmapChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, VisualMapComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeHtml, type Html, html, raw } from './html.js';

use([BarChart, HeatmapChart, LineChart, GridComponent, MarkLineComponent, VisualMapComponent, SVGRenderer]);

/** Middle tones that stand out from a white and from a nearly black page alike. */
export const COLOURS = {
  blue: '#4a86e8',
  teal: '#1d9a8a',
  amber: '#cf7a24',
  violet: '#9270e0',
  red: '#e0525c',
  grey: '#868f9e',
} as const;
export type Colour = keyof typeof COLOURS;

/** Widths in pixels at which each chart is drawn: for a page's column and for a phone. */
const WIDE = 860;
const NARROW = 340;

/** ECharts' option and the height that suits it. */
export interface Drawing {
  height: number;
  option: EChartsCoreOption;
}

/**
 * A chart as inline SVG, drawn twice: the style sheet shows the one that fits. Text takes the page's colour and the
 * ground is transparent, so that one drawing serves light, dark and paper.
 * @param options.id unique in the page: names inside the drawings start with it.
 * @param options.alt what the chart shows, for those who do not see it.
 */
export function chart(options: {
  id: string;
  alt: string;
  legend?: readonly (readonly [Colour | 'gap', string])[];
  note?: string;
  draw: (width: number) => Drawing;
}): Html {
  const { id, alt, legend = [], note, draw } = options;
  return html`<figure class="chart">
${legend.length > 0 && html`<ul class="legend">${legend.map(([colour, text]) => html`<li class="${colour}">${text}</li>`)}</ul>`}
<div class="wide" data-figure="${id}">${svg(`${id}-w`, alt, WIDE, draw(WIDE))}</div>
<div class="narrow">${svg(`${id}-n`, alt, NARROW, draw(NARROW))}</div>
${note !== undefined && html`<figcaption>${note}</figcaption>`}
</figure>`;
}

/** One drawing as an SVG element. The same drawing gives the same text. */
export function svg(id: string, alt: string, width: number, { height, option }: Drawing): Html {
  const instance = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({
      animation: false,
      textStyle: { color: 'currentColor', fontFamily: 'system-ui, sans-serif', fontSize: 11 },
      ...option,
    });
    return raw(settle(instance.renderToSVGString(), id, alt));
  } finally {
    instance.dispose();
  }
}

/**
 * Makes ECharts' SVG fit for a page that has others: ids that depend on the chart and not on how many were drawn
 * before, a name for screen readers, and nothing that only its own client would use. Text from the data cannot match
 * the patterns, because its quotes and angle brackets are escaped.
 */
function settle(markup: string, id: string, alt: string): string {
  return markup
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events|baseProfile|version|xmlns:xlink)="[^"]*"/g, '')
    .replace(/( id="|="url\(#)zr\d+-/g, `$1${id}-`)
    .replace(/\n+/g, '\n')
    .replace('<svg ', () => `<svg role="img" aria-label="${escapeHtml(alt)}" `);
}

/**
 * A class name as charts write it: on one line and cut to a length. ECharts remembers the widths of texts as keys of a
 * plain object, where `__proto__` would change the prototype of every object in the process: such names are given an
 * invisible last character.
 */
export function shortened(label: string, length: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML does not allow them.
  const line = label.replace(/[\s\u0000-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu, ' ');
  const characters = [...line.trim()];
  if (characters.length > length) return `${characters.slice(0, length - 1).join('')}…`;
  const short = characters.join('');
  return short in Object.prototype ? `${short}\u200b` : short;
}

const FAINT = { lineStyle: { color: 'currentColor', opacity: 0.14 } };

/** An axis of numbers with faint lines. */
export function valueAxis(more: object = {}): object {
  return {
    type: 'value',
    axisLabel: { color: 'currentColor', hideOverlap: true, formatter: compact },
    splitLine: FAINT,
    splitNumber: 4,
    ...more,
  };
}

/** An axis of names, each shown, the first at the top. */
export function nameAxis(names: readonly string[], length: number, more: object = {}): object {
  return {
    type: 'category',
    data: names.map((name) => shortened(name, length)),
    inverse: true,
    axisTick: { show: false },
    axisLine: FAINT,
    axisLabel: { color: 'currentColor', interval: 0 },
    ...more,
  };
}

/** 12500 → `12.5k`: axis labels have little room. */
export function compact(value: number): string {
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 2 }).replace('K', 'k');
}
