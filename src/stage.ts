import { type OperatorFunction, Subject } from 'rxjs';
import type { ByteBudget } from './concurrency.js';
import { asPipelineError, PipelineError, throwIfAborted } from './errors.js';
import type { EventBus, StageCounts } from './events.js';
import type { Fate, Ledger } from './ledger.js';
import type { RandomSource } from './random.js';
import { blocksOf, inBlocks } from './streams.js';

/**
 * A named function from a stream to a stream, made by a factory that takes its options. Where its records come in blocks
 * (`inBlocks`) the stages after it may take them so.
 */
export interface Stage<In, Out> {
  readonly name: string;
  /** Set for stages that run once a task. */
  readonly task?: string;
  run(source: AsyncIterable<In>, context: StageContext): AsyncIterable<Out>;
}

/** What every stage may use; a stage owns nothing else. */
export interface RunContext {
  readonly signal: AbortSignal;
  readonly events: EventBus;
  readonly ledger: Ledger;
  readonly random: RandomSource;
  readonly budget: ByteBudget;
  /** Threads for pixel work, at least 1. */
  readonly workers: number;
  /** Largest share of a stage's input that may be quarantined. */
  readonly maxBad: number;
  /** Every finished stage's account, in order. */
  readonly counts: StageCounts[];
}

/** The run's context with this stage's own page of the ledger. */
export interface StageContext extends RunContext {
  readonly account: StageAccount;
}

export interface Note {
  detail?: string;
  into?: string;
}

/** A stage says here what it did not pass on; the runner adds it up. */
export interface StageAccount {
  /** The record is not wanted, and that is no fault: counted, not bad. */
  dropped(key: string, reason: string, note?: Note): void;
  merged(key: string, reason: string, into: string): void;
  capped(key: string, reason: string): void;
  /** The record is bad: counted against `maxBad`. */
  quarantined(key: string, reason: string, error: unknown): void;
  /** A value was overruled; the record itself goes on. */
  conflict(key: string, reason: string, note?: Note): void;
  /** `count` more records go out than came in. */
  added(count: number): void;
  /** `count` rows of a table that nothing names. */
  orphans(count: number): void;
}

/** Up to this many bad records never stop a run, whatever their share. */
const ALWAYS_ALLOWED_BAD = 10;
/** From this many on, the share is judged while the stage still runs. */
const JUDGED_EARLY_BAD = 1000;
/** Characters of a record's fault in a message. */
const MOST_SHOWN = 160;
const PROGRESS_EVERY_MS = 250;

/**
 * Runs one stage: counts what goes in and out, keeps its account, judges `maxBad`, emits progress and the final
 * counts, and closes the source whatever happens.
 * @param options.total how many records will come in, where that is known: for the progress bar alone.
 * @throws {PipelineError} `TOO_MANY_BAD`, `LEDGER_UNBALANCED`, `ABORTED`, or what the stage threw.
 */
export function runStage<In, Out>(
  stage: Stage<In, Out>,
  source: AsyncIterable<In>,
  context: RunContext,
  options: { total?: number } = {},
): AsyncIterable<Out> {
  return inBlocks(() => runBlocks(stage, source, context, options));
}

async function* runBlocks<In, Out>(
  stage: Stage<In, Out>,
  source: AsyncIterable<In>,
  context: RunContext,
  { total }: { total?: number },
): AsyncGenerator<readonly Out[]> {
  const { name, task } = stage;
  const fates: Record<Fate, number> = { dropped: 0, merged: 0, capped: 0, quarantined: 0, conflict: 0 };
  let received = 0;
  let sent = 0;
  let added = 0;
  let orphans: number | undefined;
  const write = (key: string, fate: Fate, reason: string, { into, detail }: Note = {}) => {
    fates[fate] += 1;
    context.ledger.write({ stage: name, task, key, fate, reason, into, detail });
  };
  let firstBad = '';
  const tooManyBad = () =>
    fates.quarantined > ALWAYS_ALLOWED_BAD && fates.quarantined > context.maxBad * received;
  const judge = () => {
    if (!tooManyBad()) return;
    throw new PipelineError(
      'TOO_MANY_BAD',
      `Expected at most ${Number((context.maxBad * 100).toPrecision(6))} % bad records but ${fates.quarantined} of ${received} were bad, the first: ${firstBad}`,
      { stage: name, hint: 'The ledger names each one; pass a larger --max-bad to go on without them.' },
    );
  };
  const account: StageAccount = {
    dropped: (key, reason, note) => write(key, 'dropped', reason, note),
    merged: (key, reason, into) => write(key, 'merged', reason, { into }),
    capped: (key, reason) => write(key, 'capped', reason),
    quarantined: (key, reason, error) => {
      const detail = error instanceof Error ? error.message : String(error);
      firstBad ||= `${key} ${reason}: ${shown(detail)}`;
      write(key, 'quarantined', reason, { detail });
      if (fates.quarantined > JUDGED_EARLY_BAD) judge();
    },
    conflict: (key, reason, note) => write(key, 'conflict', reason, note),
    added: (count) => {
      added += count;
    },
    orphans: (count) => {
      orphans = (orphans ?? 0) + count;
    },
  };

  const started = performance.now();
  let announced = started;
  const announce = () => {
    const now = performance.now();
    if (now - announced < PROGRESS_EVERY_MS) return;
    announced = now;
    context.events.emit({
      type: 'progress',
      stage: name,
      done: received,
      unit: 'records',
      ...(total !== undefined && { total }),
    });
  };
  const counted = inBlocks(async function* () {
    for await (const block of blocksOf(source)) {
      throwIfAborted(context.signal);
      received += block.length;
      announce();
      await context.ledger.drain();
      yield block;
    }
  });

  try {
    for await (const block of blocksOf(stage.run(counted, { ...context, account }))) {
      sent += block.length;
      await context.ledger.drain();
      yield block;
    }
  } catch (error) {
    throw asPipelineError(error, { stage: name });
  }
  judge();
  const seconds = (performance.now() - started) / 1000;
  const counts: StageCounts = {
    name,
    ...(task !== undefined && { task }),
    in: received,
    added,
    out: sent,
    dropped: fates.dropped,
    merged: fates.merged,
    capped: fates.capped,
    quarantined: fates.quarantined,
    ...(orphans !== undefined && { orphans }),
    seconds,
    recordsPerSecond: seconds > 0 ? received / seconds : 0,
  };
  assertBalanced(counts);
  context.counts.push(counts);
  context.events.emit({ type: 'stage', counts });
}

/** As much of a text as a message has room for, on one line. */
function shown(text: string): string {
  const [line] = text.split('\n', 1);
  return line!.length > MOST_SHOWN ? `${line!.slice(0, MOST_SHOWN - 1)}…` : line!;
}

/** @throws {PipelineError} `LEDGER_UNBALANCED` unless in + added = out + dropped + merged + capped + quarantined. */
export function assertBalanced(counts: StageCounts): void {
  const left = counts.in + counts.added;
  const right = counts.out + counts.dropped + counts.merged + counts.capped + counts.quarantined;
  if (left === right) return;
  throw new PipelineError(
    'LEDGER_UNBALANCED',
    `Expected in + added = out + dropped + merged + capped + quarantined but ${left} is not ${right}`,
    { stage: counts.name, hint: 'This is a fault of the product, not of the data: please report it.' },
  );
}

/**
 * @param chain accounts of stages that read one another, in order.
 * @throws {PipelineError} `LEDGER_UNBALANCED` where a stage did not get exactly what the one before it gave.
 */
export function assertChained(chain: readonly StageCounts[]): void {
  for (const [index, { name, in: received }] of chain.entries()) {
    const before = chain[index - 1];
    if (before === undefined || before.out === received) continue;
    throw new PipelineError(
      'LEDGER_UNBALANCED',
      `Expected the ${before.out} records that ${before.name} gave but ${received} came in`,
      { stage: name, hint: 'This is a fault of the product, not of the data: please report it.' },
    );
  }
}

/**
 * A stage from a *synchronous* RxJS operator. One record is pulled, handed to the operator, and what comes out is
 * drained before the next is pulled: RxJS never holds a queue. An operator that emits later loses nothing silently:
 * its late records are an error.
 */
export function operatorStage<In, Out>(
  name: string,
  operator: (account: StageAccount) => OperatorFunction<In, Out>,
  task?: string,
): Stage<In, Out> {
  return {
    name,
    ...(task !== undefined && { task }),
    async *run(source, { account }) {
      const input = new Subject<In>();
      const ready: Out[] = [];
      let failure: unknown;
      const subscription = input.pipe(operator(account)).subscribe({
        next: (record) => ready.push(record),
        error: (error: unknown) => {
          failure = error ?? new Error('operator failed');
        },
      });
      try {
        for await (const record of source) {
          input.next(record);
          yield* ready.splice(0);
          if (failure !== undefined) throw failure;
        }
        input.complete();
        yield* ready.splice(0);
        if (failure !== undefined) throw failure;
      } finally {
        subscription.unsubscribe();
      }
    },
  };
}
