import { createOrder, type Order, type OrderOptions } from './order.js';
import type { RowOptions } from './rows.js';
import type { SampleTable } from './samples.js';

/** What makes two streams the same: neither threads nor buffers are in it. */
export type StreamOptions = OrderOptions & RowOptions;

/** One epoch of a stream. */
export interface Epoch {
  /** 0-based within the stream. */
  number: number;
  /** Of its draws: the shuffle's; without one 0 and the epoch's number. */
  seed: number;
  epoch: number;
  order: Order;
  options: StreamOptions;
}

/** A stream of one epoch after the other, whose batches are numbered on from each to the next. */
export interface Epochs {
  /** Of all epochs. */
  readonly batches: number;
  /** Of one: the same for each, as their sizes are. */
  readonly each: number;
  /** The epoch of a batch, and its number within. */
  at(batch: number): Epoch & { index: number };
  epoch(number: number): Epoch;
}

/** @throws {PipelineError} `USAGE` where an option is out of its range or two do not go together. */
export function createEpochs(table: SampleTable, options: StreamOptions & { epochs: number }): Epochs {
  const made = (number: number): Epoch => {
    const own = optionsOf(options, number);
    const { seed = 0, epoch = number } = own.shuffle ?? {};
    return { number, seed, epoch, options: own, order: createOrder(table, own) };
  };
  let current = made(0);
  const epoch = (number: number) => {
    if (number !== current.number) current = made(number);
    return current;
  };
  const each = current.order.batches;
  return {
    batches: each * options.epochs,
    each,
    epoch,
    at: (batch) => ({ ...epoch(Math.floor(batch / each)), index: batch % each }),
  };
}

/** An epoch shows what a stream of that epoch alone does. */
function optionsOf<Options extends StreamOptions>(options: Options, number: number): Options {
  const { shuffle, augment } = options;
  return {
    ...options,
    ...(shuffle && { shuffle: { ...shuffle, epoch: shuffle.epoch + number } }),
    ...(augment && { augment: { ...augment, epoch: augment.epoch + number } }),
  };
}
