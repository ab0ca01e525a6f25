import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus, type PipelineEvent } from '#src/events.js';
import type { FitJob } from '#src/models/trainer/jobs.js';
import { type TrainerThread, trainerThread } from '#src/models/trainer/thread.js';
import { uniform } from '#src/random.js';
import type { Sample } from '#src/records.js';
import { pixelIdentity } from '#src/sinks/tensor-cache/identity.js';
import { writeCache } from '#src/sinks/tensor-cache/write.js';
import { temporaryFolder } from '../../fixtures.js';

const INPUT = { height: 32, width: 32, fit: 'stretch', decoder: 'turbo' } as const;

let folder: { path: string; dispose(): Promise<void> };
let thread: TrainerThread;
const samples: Sample[] = [];
beforeAll(async () => {
  folder = await temporaryFolder('trainer');
  const writer = await writeCache(join(folder.path, 'cache'), pixelIdentity(INPUT));
  for (let index = 0; index < 40; index++) {
    const pixels = Uint8Array.from(
      { length: 32 * 32 * 3 },
      (_, at) => Math.floor(200 * uniform(index, at)) + (index % 2) * 50,
    );
    const sha256 = index.toString(16).padStart(64, '0');
    await writer.put(sha256, pixels);
    const name = `p${index}`;
    const split = index < 30 ? 'train' : 'test';
    samples.push({
      path: name,
      file: name,
      label: `c${index % 2}`,
      component: name,
      imageId: name,
      sha256,
      task: 't',
      split,
    });
  }
  await writer.close();
});
afterAll(async () => {
  await thread.close();
  await folder.dispose();
});

const cache = () => ({ path: join(folder.path, 'cache'), identity: pixelIdentity(INPUT) });
const job = (epochs: number, more: Partial<FitJob> = {}): FitJob => ({
  kind: 'fit',
  task: 't',
  model: {
    network: 'small-cnn',
    head: { units: [], dropout: 0, labelSmoothing: 0 },
    batchSize: 10,
    phases: [{ train: 'all', epochs, optimizer: 'adam', learningRate: 0.001 }],
  },
  seed: 1,
  samples,
  cache: cache(),
  input: INPUT,
  folder: join(folder.path, 'model'),
  ...more,
});

describe.sequential('the trainer’s thread', () => {
  const signal = new AbortController().signal;

  it('trains and evaluates, passing its events on, while the main thread stays free', async () => {
    thread = trainerThread('wasm');
    const events = eventBus();
    const seen: PipelineEvent[] = [];
    events.events.subscribe((event) => seen.push(event));
    const lag = monitorEventLoopDelay({ resolution: 5 });
    lag.enable();
    const { train, backend } = await thread.fit(job(3), { signal, events });
    lag.disable();
    expect(backend.name).toBe('wasm');
    expect(train.history).toHaveLength(3);
    expect(seen.filter(({ type }) => type === 'epoch')).toHaveLength(3);
    // The main thread did nothing else than wait: it was hardly ever held up for as long as one step takes.
    expect(lag.count).toBeGreaterThan(10);
    const { result } = await thread.evaluate(
      {
        kind: 'evaluate',
        task: 't',
        folder: join(folder.path, 'model'),
        samples: samples.filter(({ split }) => split === 'test'),
        twins: [],
        side: 'test',
        cache: cache(),
        pixels: cache(),
        natural: { c0: 1, c1: 1 },
        seed: 1,
      },
      { signal, events },
    );
    expect(result.samples).toBe(10);
  });

  it('keeps an error’s code, place and hint on the way', async () => {
    const broken = job(1, { samples: samples.map((sample) => ({ ...sample, sha256: 'f'.repeat(64) })) });
    await expect(thread.fit(broken, { signal, events: eventBus() })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      key: 'p0',
      hint: expect.stringContaining('Build the cache again') as string,
    });
  });

  it('ends on an abort, and takes another job afterwards', async () => {
    const controller = new AbortController();
    const events = eventBus();
    events.events.subscribe(({ type }) => type === 'epoch' && controller.abort());
    await expect(thread.fit(job(10_000), { signal: controller.signal, events })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect((await thread.fit(job(1), { signal, events: eventBus() })).train.history).toHaveLength(1);
  });
});
