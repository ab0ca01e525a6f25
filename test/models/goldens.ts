import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { NamedWeights, Weight } from '#src/models/weights/named.js';

export const shared = process.env['ABO_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Whether files of `shared` are there; says so loudly where they are not. */
export function hasShared(...paths: string[]): boolean {
  const missing = paths.filter((path) => !existsSync(`${shared}/${path}`));
  if (missing.length > 0) console.warn(`SKIPPED: ${missing.join(', ')} not found in ${shared} (ABO_SHARED)`);
  return missing.length === 0;
}

export const golden = <T>(path: string): T => {
  const bytes = readFileSync(`${shared}/goldens/${path}`);
  return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as T;
};

/** The numbers in [0, 1) that the goldens' formula weights are made of (goldens/README.md). */
export function unit(seed: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => {
    let x = (Math.imul(index, 0x9e3779b1) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  });
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A weight by the goldens' formula; `name` is `layer/variable` as Keras 3 has it. */
export function formulaWeight(name: string, shape: readonly number[], depthwise = false): Weight {
  const length = shape.reduce((a, b) => a * b, 1);
  const u = unit(fnv1a(name), length);
  const variable = name.slice(name.lastIndexOf('/') + 1);
  const scaled = (scale: number) => u.map((value) => (2 * value - 1) * scale);
  const values = () => {
    if (variable.endsWith('kernel')) {
      const fanIn = shape.slice(0, depthwise ? 2 : -1).reduce((a, b) => a * b, 1);
      return scaled(Math.sqrt(6 / fanIn));
    }
    if (variable === 'bias' || variable === 'beta') return scaled(0.05);
    if (variable === 'moving_mean') return scaled(0.1);
    return u.map((value) => 0.5 + value);
  };
  return { shape, values: Float32Array.from(values()) };
}

/** Formula weights for named shapes. */
export function formulaWeights(shapes: Iterable<readonly [string, readonly number[]]>): NamedWeights {
  return new Map(
    [...shapes].map(([name, shape]) => [name, formulaWeight(name, shape, name.includes('depthwise'))]),
  );
}
