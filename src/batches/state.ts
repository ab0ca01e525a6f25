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

/** `next` is the 0-based batch that the stream goes on with. */
export function writeState({ samples, options, seed, epoch }: StreamIdentity, next: number): string {
  return [VERSION, samples, options, seed, epoch, next].join(':');
}

/** @throws {PipelineError} `USAGE` where it is not a state. */
export function readState(state: string): StreamIdentity & { next: number } {
  const [version, samples, options, ...numbers] = state.split(':');
  const [seed, epoch, next] = numbers.map(Number);
  const whole = numbers.length === 3 && numbers.every((text) => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text));
  const isBatch = Number.isInteger(next) && next! >= 0;
  if (version !== VERSION || samples === undefined || options === undefined || !whole || !isBatch) {
    throw new PipelineError('USAGE', `Expected a state of this version’s batches but received "${state}"`, {
      hint: 'Begin the epoch again.',
    });
  }
  return { samples, options, seed: seed!, epoch: epoch!, next: next! };
}

/**
 * The epoch and the batch to go on with.
 * @param identityOf of an epoch of the stream, 0-based.
 * @throws {PipelineError} `USAGE` where the state is of another stream.
 */
export function resumeAt(
  state: string,
  { epochs, identityOf }: { epochs: number; identityOf: (epoch: number) => StreamIdentity },
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
  return { epoch, next };
}
