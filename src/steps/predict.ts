import { PipelineError } from '../errors.js';
import { outputFile } from '../folder.js';
import type { Ledger } from '../ledger.js';
import { listingThreads } from '../listings/threads.js';
import { type Decision, type Demands, galleryBeside, type Judge, openJudge } from '../predict/judge.js';
import type { Predictor } from '../predict/predictor.js';
import { type Stated, statedReader } from '../predict/stated.js';
import type { Attributes, JoinedView } from '../records.js';
import { writeCsv } from '../sinks/csv.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import { type ColumnType, writeParquet } from '../sinks/parquet.js';
import type { Source } from '../sources/source.js';
import { type RunContext, runStage } from '../stage.js';
import { explode } from '../stages/explode.js';
import { join } from '../stages/join.js';
import { parse } from '../stages/parse.js';
import { predict } from '../stages/predict.js';
import { observed } from '../streams.js';
import { listingsDone } from './listings-done.js';

/** How many predictions of a task became what, and how many listings state the same. */
export interface PredictedTaskCounts extends Record<Decision, number> {
  /** Of the accepted ones whose listing states a value: as many state the same, and others. */
  agree: number;
  differ: number;
}

export interface DumpPredictions {
  rows: number;
  /** Rows whose photo could not be read. */
  bad: number;
  /** Views that have no row: by reason, such as `file-missing`. */
  leftOut: Record<string, number>;
  tasks: Record<string, PredictedTaskCounts>;
  /** What was decided by, a line a task. */
  said: readonly string[];
}

type Row = Record<string, string | number | boolean | null>;

/** What is kept of a photo's prediction: with all probabilities it would be a thousand times as much. */
type Answer = Map<
  string,
  {
    decision: Decision;
    value: string | null;
    predicted: string;
    confidence: number;
    similarity: number | null;
  }
>;

/**
 * Predicts every photo of every listing of a catalogue into a file: a row a listing and photo, in the catalogue's order.
 * @param options.out .parquet, .jsonl, .jsonl.gz or .csv; its folder is made
 * @param options.views which of a listing's photos.
 * @throws {PipelineError} `USAGE` for another kind of file, or one that cannot be written; `DUMP_EMPTY` where there is no photo; `TOO_MANY_BAD`, and whatever the stages throw.
 */
export async function predictDump(options: {
  source: Source;
  predictor: Predictor;
  demands: Demands;
  views: 'all' | 'main';
  out: string;
  context: RunContext;
}): Promise<DumpPredictions> {
  const { source, predictor, demands, views, out, context } = options;
  const write = writerOf(out);
  outputFile(out);
  const gallery = demands.reject > 0 ? await galleryBeside(predictor) : undefined;
  const threads = listingThreads({ workers: context.workers });
  try {
    const judge = await openJudge(predictor, gallery, demands);
    for (const text of judge.warnings) context.events.emit({ type: 'message', level: 'warning', text });
    const names = predictor.tasks.map(({ name }) => name);
    const counted: DumpPredictions = {
      rows: 0,
      bad: 0,
      leftOut: {},
      said: judge.said,
      tasks: Object.fromEntries(
        names.map((name) => [name, { accepted: 0, uncertain: 0, unknown: 0, agree: 0, differ: 0 }]),
      ),
    };
    const statedBy = readersOf(predictor, judge);
    await write(columnsOf(names), rowsOf({ ...options, judge, counted, statedBy, cut: threads.cut }));
    return counted;
  } finally {
    await threads.close();
    await gallery?.close();
  }

  async function* rowsOf({
    judge,
    counted,
    statedBy,
    cut,
  }: {
    judge: Judge;
    counted: DumpPredictions;
    statedBy: ReadonlyMap<string, (attributes: Attributes) => Stated | undefined>;
    cut: ReturnType<typeof listingThreads>['cut'];
  }): AsyncGenerator<Row> {
    const { signal, events } = context;
    const before = { ...context, ledger: countingLedger(context.ledger, counted.leftOut) };
    const total = await source.count?.(signal);
    const progress = listingsDone(events, total);
    const parsed = runStage(parse(), observed(source.rows(signal, cut), progress.read), before);
    const exploded = runStage(explode({ views }), parsed, before);
    const { imagesRoot } = source;
    const joined = runStage(
      join({ images: (refuse) => source.images(signal, refuse), imagesRoot, photos: 'stat' }),
      exploded,
      before,
    );
    const stage = predict<JoinedView, Answer>({
      async ask(places) {
        const photos = await predictor.predict(places, { signal });
        return photos.map((photo) => (photo instanceof PipelineError ? photo : answerOf(judge, photo)));
      },
      keyOf: ({ imageId }) => imageId,
    });
    for await (const { record, answer } of runStage(stage, observed(joined, progress.asked), context)) {
      counted.rows += 1;
      progress.answered();
      if (answer instanceof PipelineError) counted.bad += 1;
      yield rowOf(record, answer, statedBy, counted);
    }
    progress.end();
    if (counted.rows === 0) throw nothingToPredict(counted.leftOut);
  }
}

/** A ledger that counts what is left out, by reason, too. */
function countingLedger(ledger: Ledger, leftOut: Record<string, number>): Ledger {
  return {
    write(entry) {
      const { fate, reason } = entry;
      if (fate === 'dropped' || fate === 'quarantined') leftOut[reason] = (leftOut[reason] ?? 0) + 1;
      ledger.write(entry);
    },
    drain: () => ledger.drain(),
    close: () => ledger.close(),
  };
}

function nothingToPredict(leftOut: Record<string, number>): PipelineError {
  const why = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  return new PipelineError(
    'DUMP_EMPTY',
    `Expected listings with photos but there is none to predict${why.length > 0 ? ` (${why.join(', ')})` : ''}`,
    {
      stage: 'predict',
      hint: 'Photos’ paths are relative to the catalogue’s own folder, or to --images DIR.',
    },
  );
}

function answerOf(judge: Judge, photo: Parameters<Judge['verdicts']>[0]): Answer {
  return new Map(
    [...judge.verdicts(photo)].map(([task, { decision, value, prediction, similarity = null }]) => [
      task,
      { decision, value, predicted: prediction.className, confidence: prediction.probability, similarity },
    ]),
  );
}

function readersOf(
  { tasks }: Predictor,
  { reliability }: Judge,
): Map<string, (attributes: Attributes) => Stated | undefined> {
  return new Map(
    tasks.map(({ name, classes }) => [
      name,
      statedReader(name, reliability.get(name)?.labels ?? { merge: {} }, classes),
    ]),
  );
}

function rowOf(
  { itemId, imageId, path, role, domain, country, marketplace, attributes }: JoinedView,
  answer: Answer | PipelineError,
  statedBy: ReadonlyMap<string, (attributes: Attributes) => Stated | undefined>,
  { tasks }: DumpPredictions,
): Row {
  const row: Row = {
    item_id: itemId,
    marketplace: domain ?? country ?? marketplace ?? null,
    image_id: imageId,
    path,
    role,
    error: answer instanceof PipelineError ? answer.code : null,
  };
  for (const [task, stated] of statedBy) {
    const own = answer instanceof PipelineError ? undefined : answer.get(task)!;
    const listed = stated(attributes);
    const agrees = own === undefined || listed === undefined ? null : listed.className === own.predicted;
    if (own !== undefined) tasks[task]![own.decision] += 1;
    if (own?.decision === 'accepted' && agrees !== null) tasks[task]![agrees ? 'agree' : 'differ'] += 1;
    row[task] = own?.value ?? null;
    row[`${task}_predicted`] = own?.predicted ?? null;
    row[`${task}_confidence`] = own?.confidence ?? null;
    row[`${task}_decision`] = own?.decision ?? null;
    row[`${task}_similarity`] = own?.similarity ?? null;
    row[`${task}_stated`] = listed?.value ?? null;
    row[`${task}_agrees`] = agrees;
  }
  return row;
}

function columnsOf(tasks: readonly string[]): Record<string, ColumnType> {
  const ofTasks = tasks.flatMap((task): [string, ColumnType][] => [
    [task, 'text?'],
    [`${task}_predicted`, 'text?'],
    [`${task}_confidence`, 'number?'],
    [`${task}_decision`, 'text?'],
    [`${task}_similarity`, 'number?'],
    [`${task}_stated`, 'text?'],
    [`${task}_agrees`, 'boolean?'],
  ]);
  return {
    item_id: 'text',
    marketplace: 'text?',
    image_id: 'text',
    path: 'text',
    role: 'text',
    error: 'text?',
    ...Object.fromEntries(ofTasks),
  };
}

type Write = (columns: Record<string, ColumnType>, rows: AsyncIterable<Row>) => Promise<unknown>;

/** @throws {PipelineError} `USAGE` */
function writerOf(out: string): Write {
  if (out.endsWith('.parquet')) return (columns, rows) => writeParquet(out, columns, rows);
  if (out.endsWith('.csv')) return (columns, rows) => writeCsv(out, Object.keys(columns), rows);
  if (/\.jsonl(\.gz)?$/.test(out)) return (_, rows) => writeJsonLinesFile(out, rows);
  throw new PipelineError(
    'USAGE',
    `Expected a file of .parquet, .jsonl, .jsonl.gz or .csv but received ${out}`,
  );
}
