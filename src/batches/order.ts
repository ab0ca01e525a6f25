import { PipelineError } from '../errors.js';
import { bijection } from '../random.js';
import type { SampleTable } from './samples.js';

/** How an epoch is shuffled: a function of these values alone. */
export interface Shuffle {
  seed: number;
  epoch: number;
  /**
   * `exact` (the default): every order of the samples may come out. `block`, for caches larger than memory: samples by
   * key are cut into blocks that lie together on the disk, blocks are permuted, and samples within each window of
   * blocks.
   */
  mode?: 'exact' | 'block';
  /** Samples in a block (`block` mode), default 64: 10 MB of photos of 224 × 224. */
  block?: number;
  /** Blocks in a window (`block` mode), default 16. Two windows should fit into memory. */
  window?: number;
}

/** What determines which sample is where in an epoch. */
export interface OrderOptions {
  /** At least 1. */
  batchSize: number;
  /** Absent: the given order. */
  shuffle?: Shuffle;
  /**
   * `class`: each class equally often, give or take one, in as many draws as there are samples; within a class each
   * sample equally often, give or take one. Needs an exact shuffle.
   */
  balance?: 'class';
  /** One of several trainers' part: disjoint, together the epoch, and the same number of batches for each. */
  shard?: { index: number; count: number };
  /**
   * The last batch: `keep` (the default) it short, `drop` it where it is not full, or `pad` it with samples of the same
   * shard from its first on, of weight 0. A shard that would keep one batch less than the others gets one of a single
   * sample of weight 0.
   */
  last?: 'keep' | 'drop' | 'pad';
}

/** Which samples an epoch's batches hold; every answer is computed, none is remembered. */
export interface Order {
  readonly batches: number;
  /** Rows of a batch. */
  size(batch: number): number;
  /** Of these, the first so many count; the rest are padding. */
  real(batch: number): number;
  /** The place in the whole epoch (all shards') that a row shows. */
  position(batch: number, row: number): number;
  /** Index in the table of the sample at a place of the epoch. */
  sampleAt(position: number): number;
  /**
   * Where a window of blocks begins at this place: the indices in the table of the window after it, block by block, so
   * that they can be fetched while this one is read.
   */
  fetchAt(position: number): Uint32Array | undefined;
}

const DEFAULT_BLOCK = 64;
const DEFAULT_WINDOW = 16;

/** @throws {PipelineError} `USAGE` where an option is out of its range or two do not go together. */
export function createOrder(table: SampleTable, options: OrderOptions): Order {
  assertOptions(options);
  const { batchSize, shard = { index: 0, count: 1 }, last = 'keep' } = options;
  const length = table.keys.length;
  const start = boundary(length, shard.index, shard.count);
  const own = boundary(length, shard.index + 1, shard.count) - start;
  const largest = Math.ceil(length / shard.count);
  const smallest = Math.floor(length / shard.count);
  const batches = last === 'drop' ? Math.floor(smallest / batchSize) : Math.ceil(largest / batchSize);
  const real = (batch: number) => Math.max(0, Math.min(batchSize, own - batch * batchSize));
  return {
    batches,
    real,
    size: (batch) => (last === 'pad' ? batchSize : Math.max(1, real(batch))),
    position(batch, row) {
      const at = batch * batchSize + row;
      if (at < own) return start + at;
      // A shard without samples, of fewer samples than trainers, pads with others'.
      return own === 0 ? (start + at) % length : start + ((at - own) % own);
    },
    ...samplesOf(table, options),
  };
}

const boundary = (length: number, index: number, count: number) => Math.floor((length * index) / count);

function samplesOf(
  { keys, classes }: SampleTable,
  { shuffle, balance }: OrderOptions,
): Pick<Order, 'sampleAt' | 'fetchAt'> {
  const { length } = keys;
  const fetchAt = () => undefined;
  if (shuffle === undefined) return { sampleAt: (position) => position, fetchAt };
  const { seed, epoch } = shuffle;
  if (balance !== undefined) return { sampleAt: balanced(classes, shuffle), fetchAt };
  if (shuffle.mode !== 'block') return { sampleAt: bijection(length, seed, 'shuffle', epoch), fetchAt };
  const { block = DEFAULT_BLOCK, window = DEFAULT_WINDOW } = shuffle;
  return blocks(length, { seed, epoch, block, window });
}

/** Rounds over the classes, shuffled; each class goes through its own samples in a new order on each pass. */
function balanced(starts: Uint32Array, { seed, epoch }: Shuffle): (position: number) => number {
  const classes = starts.length - 1;
  const length = starts[classes]!;
  const places = bijection(length, seed, 'balance', epoch);
  // The draws left over from whole rounds fall to other classes in each epoch.
  const turns = bijection(classes, seed, 'balance-class', epoch);
  const passes = new Map<number, (index: number) => number>();
  return (position) => {
    const place = places(position);
    const label = turns(place % classes);
    const draw = Math.floor(place / classes);
    const size = starts[label + 1]! - starts[label]!;
    const pass = Math.floor(draw / size);
    const name = pass * classes + label;
    let within = passes.get(name);
    if (within === undefined) {
      within = bijection(size, seed, 'balance-sample', epoch, label, pass);
      passes.set(name, within);
    }
    return starts[label]! + within(draw % size);
  };
}

/** Where the blocks begin differs by epoch; the short block at the end stays in the last window. */
function blocks(
  length: number,
  { seed, epoch, block, window }: { seed: number; epoch: number; block: number; window: number },
): Pick<Order, 'sampleAt' | 'fetchAt'> {
  const full = Math.floor(length / block);
  const permuted = bijection(full, seed, 'block', epoch);
  const offset = bijection(length, seed, 'block-offset', epoch);
  const shift = length === 0 ? 0 : offset(0);
  const rows = block * window;
  let current = -1;
  let within = (index: number) => index;
  /** The sample at a place of the permuted blocks laid one behind the other. */
  const laid = (place: number) => {
    const among = Math.floor(place / block);
    const origin = among < full ? permuted(among) * block : full * block;
    return (origin + (place % block) + shift) % length;
  };
  return {
    sampleAt(position) {
      const at = Math.floor(position / rows);
      if (at !== current) {
        within = bijection(Math.min(rows, length - at * rows), seed, 'block-window', epoch, at);
        current = at;
      }
      return laid(at * rows + within(position % rows));
    },
    fetchAt(position) {
      const next = position + rows;
      if (position % rows !== 0 || next >= length) return undefined;
      return Uint32Array.from({ length: Math.min(rows, length - next) }, (_, row) => laid(next + row));
    },
  };
}

function assertOptions({ batchSize, shuffle, balance, shard }: OrderOptions): void {
  const refuse = (expected: string, received: unknown) => {
    throw new PipelineError('USAGE', `Expected ${expected} but received ${String(received)}`);
  };
  const count = (value: number | undefined) => value === undefined || (Number.isInteger(value) && value >= 1);
  if (batchSize === undefined || !count(batchSize)) refuse('a batch size of at least 1', batchSize);
  if (!count(shuffle?.block)) refuse('blocks of at least 1 sample', shuffle?.block);
  if (!count(shuffle?.window)) refuse('windows of at least 1 block', shuffle?.window);
  if (balance !== undefined && shuffle?.mode === 'block')
    refuse('an exact shuffle for balanced draws', 'block');
  if (balance !== undefined && shuffle === undefined) refuse('a shuffle for balanced draws', 'none');
  if (shard === undefined) return;
  if (!count(shard.count)) refuse('at least 1 shard', shard.count);
  if (!(Number.isInteger(shard.index) && shard.index >= 0 && shard.index < shard.count)) {
    refuse(`a shard index in 0..${shard.count - 1}`, shard.index);
  }
}
