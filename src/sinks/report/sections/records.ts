import type { StageCounts } from '../../../events.js';
import type { LedgerSummary } from '../../ledger.js';
import { COLOURS, type Colour, chart, type Drawing, nameAxis, valueAxis } from '../charts.js';
import { count, duration, plural } from '../format.js';
import { type Html, html, name } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

const FATES = ['out', 'dropped', 'merged', 'capped', 'quarantined'] as const;
type StageFate = (typeof FATES)[number];
const FATE_COLOURS: Readonly<Record<StageFate, Colour>> = {
  out: 'teal',
  dropped: 'amber',
  merged: 'violet',
  capped: 'grey',
  quarantined: 'red',
};
const FATE_NAMES: Readonly<Record<StageFate, string>> = {
  out: 'Passed on',
  dropped: 'Dropped',
  merged: 'Merged',
  capped: 'Capped',
  quarantined: 'Quarantined',
};

/** What became of every record, stage by stage, and why. */
export function recordsSection(stages: readonly StageCounts[], ledger: readonly LedgerSummary[]): Section {
  if (stages.length === 0) {
    return {
      id: 'records',
      title: 'Where every record went',
      body: html`<p>No stage ran: the samples were given.</p>
${ledger.length > 0 && ledgerTable(ledger)}`,
    };
  }
  const fates = FATES.filter((fate) => fate === 'out' || stages.some((stage) => stage[fate] > 0));
  return {
    id: 'records',
    title: 'Where every record went',
    body: html`<p>At each stage, what came in and what was added equals what went out, was dropped, merged, capped or quarantined.</p>
${chart({
  id: 'records',
  alt: 'Bars: the records of each stage by what became of them. The table below has the numbers.',
  legend: fates.map((fate) => [FATE_COLOURS[fate], FATE_NAMES[fate]] as const),
  draw: (width) => draw(stages, fates, width),
})}
${accounts(stages)}
${orphans(stages)}
${ledgerTable(ledger)}`,
  };
}

function draw(stages: readonly StageCounts[], fates: readonly StageFate[], width: number): Drawing {
  const wide = width > 500;
  const row = 26;
  return {
    height: stages.length * row + 34,
    option: {
      grid: {
        left: wide ? 230 : 118,
        right: 24,
        top: 4,
        height: stages.length * row,
      },
      xAxis: valueAxis({ splitNumber: wide ? 5 : 3 }),
      yAxis: nameAxis(stages.map(stageName), wide ? 32 : 16),
      series: fates.map((fate) => ({
        type: 'bar',
        stack: 'fate',
        silent: true,
        barWidth: '62%',
        data: stages.map((stage) => stage[fate]),
        itemStyle: { color: COLOURS[FATE_COLOURS[fate]] },
      })),
    },
  };
}

function accounts(stages: readonly StageCounts[]): Html {
  const fields = ['in', 'added', ...FATES] as const;
  return table({
    caption: 'The account of each stage',
    columns: [
      { title: 'Stage' },
      { title: 'In', numeric: true },
      { title: '+\u00a0added', numeric: true },
      { title: '=\u00a0passed on', numeric: true },
      { title: '+\u00a0dropped', numeric: true },
      { title: '+\u00a0merged', numeric: true },
      { title: '+\u00a0capped', numeric: true },
      { title: '+\u00a0quarantined', numeric: true },
      { title: 'Adds up' },
      { title: 'Time', numeric: true },
      { title: 'Records a second', numeric: true },
    ],
    rows: stages.map((stage) => [
      name(stageName(stage)),
      ...fields.map((field) =>
        stage[field] === 0 ? html`<span class="zero">0</span>` : count(stage[field]),
      ),
      addsUp(stage) ? 'yes' : html`<strong class="bad">no</strong>`,
      duration(stage.seconds),
      count(stage.recordsPerSecond),
    ]),
  });
}

function addsUp(stage: StageCounts): boolean {
  return stage.in + stage.added === FATES.reduce((sum, fate) => sum + stage[fate], 0);
}

function orphans(stages: readonly StageCounts[]): Html | false {
  const rows = stages.flatMap(({ orphans: found }) => (found === undefined ? [] : [found]));
  const total = rows.reduce((sum, found) => sum + found, 0);
  return (
    total > 0 &&
    html`<p>${plural(total, 'row')} of the image table ${total === 1 ? 'is' : 'are'} named by no listing.</p>`
  );
}

function ledgerTable(ledger: readonly LedgerSummary[]): Html {
  if (ledger.length === 0) return html`<p>The ledger is empty: every record was passed on unchanged.</p>`;
  return html`<p>The ledger has a line for each record that was not passed on unchanged. A conflict is a value that was overruled: its record went on.</p>
${table({
  caption: 'The ledger, by stage and reason',
  columns: [
    { title: 'Stage' },
    { title: 'Fate' },
    { title: 'Reason' },
    { title: 'Records', numeric: true },
    { title: 'For example' },
  ],
  rows: ledger.map((line) => [
    name(stageName({ name: line.stage, ...(line.task !== undefined && { task: line.task }) })),
    html`<span class="fate ${isFate(line.fate) && FATE_COLOURS[line.fate]}">${line.fate}</span>`,
    name(line.reason),
    { show: count(line.count), by: line.count },
    html`<span class="keys">${line.examples.map((key) => html`<code>${name(key)}</code> `)}</span>`,
  ]),
  sortable: true,
})}`;
}

function isFate(fate: string): fate is StageFate {
  return Object.hasOwn(FATE_COLOURS, fate);
}

function stageName({ name: stage, task }: { name: string; task?: string }): string {
  return task === undefined ? stage : `${stage} · ${task}`;
}
