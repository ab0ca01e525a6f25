import { availableParallelism } from 'node:os';
import { byteBudget } from './concurrency.js';
import { eventBus } from './events.js';
import { type Ledger, silentLedger } from './ledger.js';
import { randomSource } from './random.js';
import type { RunContext } from './stage.js';

const MEBIBYTE = 2 ** 20;

/** How much of the machine may be used; all have defaults. */
export interface ResourceOptions {
  /** Threads for pixel work; default: one a core. */
  workers?: number;
  /** Bytes that may be in flight. */
  memory?: number;
  /** Largest share of a stage's input that may be quarantined. */
  maxBad?: number;
}

interface ContextParts {
  ledger?: Ledger;
  /** Of every draw; default 1. */
  seed?: number;
  signal?: AbortSignal;
}

const DEFAULT_MEMORY = 1024 * MEBIBYTE;
const DEFAULT_MAX_BAD = 0.01;

/** Everything that stages share. Without a ledger what is not passed on is counted, not written. */
export function createContext(
  { workers, memory, maxBad }: ResourceOptions = {},
  { ledger = silentLedger(), seed = 1, signal = new AbortController().signal }: ContextParts = {},
): RunContext {
  return {
    signal,
    events: eventBus(),
    ledger,
    random: randomSource(seed),
    budget: byteBudget(memory ?? DEFAULT_MEMORY),
    workers: workers ?? availableParallelism(),
    maxBad: maxBad ?? DEFAULT_MAX_BAD,
    counts: [],
  };
}
