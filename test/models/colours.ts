import { join } from 'node:path';
import { eventBus } from '#src/events.js';
import type { StartedBackend } from '#src/models/backends/backend.js';
import type { FitOptions } from '#src/models/fit.js';
import { networks } from '#src/models/networks/index.js';
import { uniform } from '#src/random.js';
import type { ModelRecipe } from '#src/recipe.js';
import type { Sample, Side } from '#src/records.js';
import type { TensorCache } from '#src/sinks/tensor-cache/cache.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { openCache } from '#src/sinks/tensor-cache/open.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../fixtures.js';

export const INPUT = { height: 16, width: 16, fit: 'stretch', decoder: 'turbo' } as const;
export const CLASSES = ['blue', 'green', 'red'];

export const MODEL: ModelRecipe = {
  network: 'small-cnn',
  head: { units: [8], dropout: 0.05, labelSmoothing: 0.05 },
  batchSize: 8,
  phases: [{ train: 'all', epochs: 10, optimizer: 'adam', learningRate: 0.005 }],
};

/** 90 noisy squares in a cache, their strongest channel their class. */
export interface Colours {
  folder: string;
  cache: TensorCache;
  samples: Sample[];
  /** What trains on them into a folder of this name. */
  options(backend: StartedBackend, name: string, more?: Partial<FitOptions>): FitOptions;
  dispose(): Promise<void>;
}

export async function coloursToFit(): Promise<Colours> {
  const folder = await temporaryFolder('fit');
  const path = join(folder.path, 'cache');
  const samples: Sample[] = [];
  const writer = await writeCache(path, pixelIdentity(INPUT));
  for (let index = 0; index < 90; index++) {
    const label = CLASSES[index % 3]!;
    const strong = [2, 1, 0][index % 3]!;
    // A noisy square whose strongest channel is the class.
    const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) =>
      Math.floor((at % 3 === strong ? 190 : 40) + 60 * uniform('pixel', index, at)),
    );
    const sha256 = index.toString(16).padStart(64, '0');
    await writer.put(sha256, pixels);
    const split: Side = index < 60 ? 'train' : index < 75 ? 'validation' : 'test';
    const name = `photo${index}`;
    samples.push({
      path: name,
      file: name,
      label,
      component: name,
      imageId: name,
      sha256,
      task: 'colour',
      split,
    });
  }
  await writer.close();
  const cache = openCache(path);
  return {
    folder: folder.path,
    cache,
    samples,
    options: ({ tf, name: backend }, name, more = {}) => ({
      tf,
      backend,
      task: 'colour',
      network: networks['small-cnn'],
      model: MODEL,
      seed: 1,
      samples,
      cache,
      input: INPUT,
      folder: join(folder.path, name),
      signal: new AbortController().signal,
      events: eventBus(),
      ...more,
    }),
    async dispose() {
      await cache.close();
      await folder.dispose();
    },
  };
}
