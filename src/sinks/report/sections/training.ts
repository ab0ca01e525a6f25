import type { PhaseRecipe } from '../../../recipe.js';
import type { EpochRecord, TrainResult } from '../../../results.js';
import { COLOURS, chart, type Drawing, shortened, valueAxis } from '../charts.js';
import type { TaskReport } from '../data.js';
import { count, decimal, duration, percent, plural } from '../format.js';
import { type Content, type Html, html, name } from '../html.js';
import type { Section } from '../section.js';
import { facts, folded, table } from '../table.js';

type Series = readonly (readonly [epoch: number, value: number | undefined])[];

interface Curves {
  /** Of the epoch's batches, as they were trained on. */
  batches: Series;
  /** Of the train side after the epoch. */
  train: Series;
  validation: Series;
}

/** What was trained, how, and how loss and accuracy went. */
export function trainingSection(task: TaskReport, id: string): Section {
  const { train } = task;
  const { history, keptEpoch } = train;
  const validated = history.some(({ validationLoss }) => validationLoss !== undefined);
  return {
    id,
    title: 'Training',
    body: html`${modelFacts(train)}
${
  history.length === 0
    ? html`<p>Nothing was trained: there are no epochs to show.</p>`
    : html`<div class="pair">
${curve('Loss', 'loss, in nats', `${id}-loss`, train, {
  batches: history.map(({ epoch, loss }) => [epoch, loss]),
  train: history.map(({ epoch, trainLoss }) => [epoch, trainLoss]),
  validation: history.map(({ epoch, validationLoss }) => [epoch, validationLoss]),
})}
${curve('Accuracy', 'accuracy', `${id}-accuracy`, train, {
  batches: history.map(({ epoch, accuracy }) => [epoch, accuracy]),
  train: history.map(({ epoch, trainAccuracy }) => [epoch, trainAccuracy]),
  validation: history.map(({ epoch, validationAccuracy }) => [epoch, validationAccuracy]),
})}
</div>
<p>${measures(train)}</p>
<p>${
        validated
          ? `The weights of epoch ${count(keptEpoch)} were kept, the best by validation loss (the dashed line); the shaded band between train and validation is the over-fitting gap.`
          : 'There was no validation side: the number of epochs was fixed and the last weights were kept.'
      }${phases(history).length > 1 && ` Dotted lines separate the phases: ${phases(history).join(', then ')}.`}</p>
${folded('Every epoch', epochTable(history))}`
}`,
  };
}

/** What the curves are measured on, and by how much the kept epoch is better on the train side. */
function measures({ history, keptEpoch }: TrainResult): Html {
  const { trainPhotos, trainAccuracy, validationAccuracy, overfitting } =
    history[keptEpoch - 1] ?? history.at(-1)!;
  return html`Batches are as they were trained on, augmentation and dropout included, each before its step. Train and validation are
measured after each epoch on photos as they are, without dropout: train on ${plural(trainPhotos, 'photo')}.${
    overfitting !== undefined &&
    html` Over-fitting, the one minus the other, is ${decimal(100 * overfitting, 1)} points in the epoch that was kept:
${percent(trainAccuracy)} and ${percent(validationAccuracy)}.`
  }`;
}

function modelFacts({ model, parameters, temperature, seconds, waitShare, history }: TrainResult): Html {
  const { units, dropout, labelSmoothing, l2 } = model.head;
  const head = [
    ...units.map((size) => `${size} relu`),
    ...(dropout > 0 ? [`dropout ${dropout}`] : []),
    'softmax',
    ...(labelSmoothing > 0 ? [`label smoothing ${labelSmoothing}`] : []),
    ...(l2 === undefined ? [] : [`L2 ${l2}`]),
  ];
  const entries: (readonly [string, Content])[] = [
    ['Network', name(model.network)],
    ['Head', head.join(', ')],
    ['Phases', model.phases.map(phaseFact).join('; then ')],
    ['Batch', plural(model.batchSize, 'photo')],
    ['Parameters', `${count(parameters.trained)} trained, ${count(parameters.fixed)} fixed`],
    ['Time', `${duration(seconds)}, ${plural(history.length, 'epoch')}`],
    ['Waiting for data', percent(waitShare)],
    ['Temperature', decimal(temperature, 3)],
  ];
  return facts(entries);
}

function phaseFact({ optimizer, learningRate, momentum, schedule }: PhaseRecipe): string {
  const momentumFact = momentum === undefined ? '' : ` with momentum ${momentum}`;
  return `${optimizer}${momentumFact}, learning rate ${learningRate}${schedule ? ` (${schedule.kind})` : ''}`;
}

function curve(title: string, what: string, id: string, train: TrainResult, series: Curves): Html {
  const validation = series.validation.filter(([, value]) => value !== undefined);
  const last = series.train.at(-1)?.[1];
  return html`<div><h4>${title}</h4>${chart({
    id,
    alt: `Lines: ${what} over ${plural(series.train.length, 'epoch')}, in the end ${decimal(last, 3)} in training${
      validation.length > 0 ? ` and ${decimal(validation.at(-1)?.[1], 3)} in validation` : ''
    }.`,
    legend: [
      ['grey', 'Batches'],
      ['blue', 'Train'],
      ...(validation.length > 0
        ? [['amber', 'Validation'] as const, ['gap', 'Over-fitting gap'] as const]
        : []),
    ],
    draw: (width) => draw(train, { ...series, validation }, width),
  })}</div>`;
}

function draw(train: TrainResult, { batches, train: training, validation }: Curves, width: number): Drawing {
  const { history, keptEpoch } = train;
  const wide = width > 500;
  const line = (data: Series, color: string, more: object = {}) => ({
    type: 'line',
    data: data.map(([epoch, value]) => [epoch, Number.isFinite(value) ? value : null]),
    silent: true,
    symbol: 'circle',
    // A single epoch is no line: its point has to be seen.
    symbolSize: (data.length === 1 ? 8 : 5) * (wide ? 2 : 1),
    showSymbol: data.length <= 12,
    lineStyle: { color, width: wide ? 3 : 2 },
    itemStyle: { color },
    ...more,
  });
  const mark = (at: number, type: string, opacity: number, text: string) => ({
    xAxis: at,
    lineStyle: { type, opacity, color: 'currentColor', width: wide ? 2 : 1.2 },
    label: { show: true, position: 'end', formatter: text, ...textStyle(wide) },
  });
  const marks = {
    markLine: {
      silent: true,
      symbol: 'none',
      data: [
        ...(validation.length > 0 ? [mark(keptEpoch, 'dashed', 0.7, 'kept')] : []),
        ...boundaries(history).map(({ at, text }) => mark(at, 'dotted', 0.7, text)),
      ],
    },
  };
  const first = history[0]!.epoch;
  const final = history.at(-1)!.epoch;
  return {
    height: wide ? 420 : 230,
    option: {
      // Two curves stand side by side on a wide page, at half their size: twice the text keeps it readable.
      textStyle: textStyle(wide),
      grid: { left: wide ? 70 : 42, right: wide ? 40 : 20, top: wide ? 40 : 24, bottom: wide ? 44 : 26 },
      xAxis: valueAxis({
        min: first === final ? first - 1 : first,
        max: first === final ? final + 1 : final,
        minInterval: 1,
        splitLine: { show: false },
        axisLine: { show: true, lineStyle: { color: 'currentColor', opacity: 0.3 } },
        axisLabel: { color: 'currentColor', fontSize: textStyle(wide).fontSize, hideOverlap: true },
      }),
      yAxis: valueAxis({
        scale: true,
        axisLabel: { color: 'currentColor', fontSize: textStyle(wide).fontSize },
      }),
      series: [
        line(batches, COLOURS.grey, marks),
        line(training, COLOURS.blue),
        ...(validation.length > 0 ? [line(validation, COLOURS.amber), ...gap(training, validation)] : []),
      ],
    },
  };
}

/** The area between two curves, as one that stands on an invisible one. */
function gap(training: Series, validation: Series): object[] {
  const at = new Map(validation);
  const both = training.flatMap(([epoch, value]) => {
    const other = at.get(epoch);
    return Number.isFinite(value) && Number.isFinite(other) ? [[epoch, value!, other!] as const] : [];
  });
  const area = (data: number[][], opacity: number) => ({
    type: 'line',
    stack: 'gap',
    silent: true,
    showSymbol: false,
    lineStyle: { width: 0 },
    areaStyle: { color: COLOURS.amber, opacity },
    data,
  });
  return [
    area(
      both.map(([epoch, a, b]) => [epoch, Math.min(a, b)]),
      0,
    ),
    area(
      both.map(([epoch, a, b]) => [epoch, Math.abs(a - b)]),
      0.16,
    ),
  ];
}

function textStyle(wide: boolean) {
  return { color: 'currentColor', fontFamily: 'system-ui, sans-serif', fontSize: wide ? 21 : 11 };
}

/** Between which epochs the phase changes, and what happens there: layers of the base are unfrozen, or others are. */
function boundaries(history: readonly EpochRecord[]): { at: number; text: string }[] {
  return history.flatMap(({ epoch, phase }, index) => {
    const before = history[index - 1];
    if (before === undefined || before.phase === phase) return [];
    const text = before.phase === 'head' ? `unfrozen: ${phase}` : phase;
    return [{ at: epoch - 0.5, text: shortened(text, 22) }];
  });
}

function phases(history: readonly EpochRecord[]): string[] {
  return history.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
}

function epochTable(history: readonly EpochRecord[]): Html {
  return table({
    caption: 'Training and validation, epoch by epoch',
    columns: [
      { title: 'Epoch', numeric: true },
      { title: 'Trained' },
      { title: 'Loss', numeric: true },
      { title: 'Accuracy', numeric: true },
      { title: 'Train loss', numeric: true },
      { title: 'Train accuracy', numeric: true },
      { title: 'Validation loss', numeric: true },
      { title: 'Validation accuracy', numeric: true },
      { title: 'Top 5', numeric: true },
      { title: 'Macro-F1', numeric: true },
      { title: 'Over-fitting', numeric: true },
      { title: 'Time', numeric: true },
    ],
    rows: history.map((one) => [
      one.epoch,
      name(one.phase),
      decimal(one.loss, 4),
      percent(one.accuracy),
      decimal(one.trainLoss, 4),
      percent(one.trainAccuracy),
      decimal(one.validationLoss, 4),
      percent(one.validationAccuracy),
      percent(one.validationTop5),
      percent(one.validationMacroF1),
      percent(one.overfitting),
      duration(one.seconds),
    ]),
  });
}
