import type { BackendName } from '../models/backends/backend.js';
import type { Network } from '../models/networks/network.js';

/** Rates are those of two cores, as docs/backends.md and docs/benchmarks.md measured them. */
export const MEASURED_ON = 'two virtual cores';

/** How fast a backend computes networks of one kind. */
export interface Rate {
  /** Multiply-adds a second, forward. */
  macs: number;
  /** How many times as long as their forward pass the gradients of layers take. */
  backward: number;
  /** Whether this kind of network was measured on this backend, or is taken from its likes. */
  measured: boolean;
}

/** Separable convolutions are bound by memory, others by arithmetic. */
const kindOf = (network: Network['name']) => (network === 'mobilenet' ? 'separable' : 'dense');
/** Networks that docs/backends.md has figures of. */
const MEASURED: readonly string[] = ['vgg16', 'mobilenet'];

type Known = 'tensorflow' | 'wasm';
/**
 * Multiply-adds a photo over seconds a photo. tensorflow: VGG16 144.8 ms of 15.3 G, block5 and head 24.8 ms more of 1.39 G;
 * MobileNet 0.75 7.6 ms of 0.32 G, all of it 18.3 ms more. wasm on two threads: 542 and 149 ms; 12.4 and 247 ms.
 */
const RATES: Readonly<Record<Known, Record<'dense' | 'separable', Omit<Rate, 'measured'>>>> = {
  tensorflow: { dense: { macs: 106e9, backward: 1.9 }, separable: { macs: 42e9, backward: 2.4 } },
  wasm: { dense: { macs: 28e9, backward: 3 }, separable: { macs: 26e9, backward: 20 } },
};

/** Seconds of a step of a Dense head of some hundred units on stored features, 32 rows. */
const HEAD_STEP: Readonly<Record<Known, number>> = { tensorflow: 0.004, wasm: 0.025 };
/** Multiply-adds a second of a kernel head's Cholesky factor, in JavaScript. */
export const CHOLESKY = 1e9;
/** Photos a second: read, hashed, decoded small, compared; and decoded, resized, written to a cache. */
export const CURATED = 1200;
export const CACHED = 1000;
/** Listings a second: read, exploded, joined. */
export const LISTINGS = 5000;

export function rateOf(backend: BackendName, network: Network['name']): Rate {
  const known = backend === 'tensorflow' ? backend : 'wasm';
  return { ...RATES[known][kindOf(network)], measured: backend === known && MEASURED.includes(network) };
}

export function headStep(backend: BackendName): number {
  return HEAD_STEP[backend === 'tensorflow' ? backend : 'wasm'];
}
