import { hashOf } from '../canonical-json.js';
import { PipelineError } from '../errors.js';

/** What a stream depends on, as far as its batches can tell. */
export interface StreamIdentity {
  /** Hash of the samples, keys and labels. */
  samples: string;
  /** Hash of every option that changes a batch. */
  options: string;
  seed: number;
  epoch: number;
}

/** Raised whenever the same options give other batches. */
const VERSION = 'batches-1';

/** 8 hex digits for options. */
export const optionsHash = (options: unknown): string => hashOf([VERSION, options]).slice(0, 8);

/** `next` is the 0-based batch that the stream goes on with; four hex digits are last, by which a damaged state is known. */
export function writeState({ samples, options, seed, epoch }: StreamIdentity, next: number): string {
  const fields = [VERSION, samples, options, seed, epoch, next].join(':');
  return `${fields}:${hashOf(fields).slice(0, 4)}`;
}

/** @throws {PipelineError} `USAGE` where it is not a state. */
export function readState(state: string): StreamIdentity & { next: number } {
  const [, samples = '', options = '', ...numbers] = String(state).split(':');
  const [seed = 0, epoch = 0, next = 0] = numbers.slice(0, 3).map(Number);
  const found = { samples, options, seed, epoch, next };
  const isBatch = [seed, epoch, next].every(Number.isSafeInteger) && next >= 0;
  if (isBatch && writeState(found, next) === state) return found;
  throw new PipelineError('USAGE', `Expected a state of this version’s batches but received "${state}"`, {
    hint: 'Begin the epoch again.',
  });
}

/**
 * The epoch and the batch to go on with.
 * @param stream.each batches of an epoch.
 * @param stream.identityOf of an epoch of the stream, 0-based.
 * @throws {PipelineError} `USAGE` where the state is of another stream.
 */
export function resumeAt(
  state: string,
  {
    epochs,
    each,
    identityOf,
  }: { epochs: number; each: number; identityOf: (epoch: number) => StreamIdentity },
): { epoch: number; next: number } {
  const { next, ...found } = readState(state);
  const ahead = found.epoch - identityOf(0).epoch;
  const epoch = ahead >= 0 && ahead < epochs ? ahead : 0;
  const identity = identityOf(epoch);
  for (const name of ['samples', 'options', 'seed', 'epoch'] as const) {
    if (found[name] === identity[name]) continue;
    throw new PipelineError(
      'USAGE',
      `Expected the state of a stream with ${name} ${identity[name]} but received one with ${found[name]}`,
      { hint: 'Go on with the samples and options that the state was taken with.' },
    );
  }
  if (next > each) {
    throw new PipelineError(
      'USAGE',
      `Expected a state of ${each} batches an epoch but received batch ${next}`,
    );
  }
  return { epoch, next };
}
