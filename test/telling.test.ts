import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventBus, type PipelineEvent } from '#src/events.js';
import { collect, iterate } from '#src/streams.js';
import { counted, telling } from '#src/telling.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('telling', () => {
  it('says how far something is a few times a second', () => {
    const bus = eventBus();
    const seen: PipelineEvent[] = [];
    bus.events.subscribe((event) => seen.push(event));
    const tell = telling(bus, { stage: 'export', unit: 'photos', total: 1000 });
    for (let done = 1; done <= 1000; done++) {
      vi.advanceTimersByTime(1);
      tell(done);
    }
    const event = { type: 'progress', stage: 'export', unit: 'photos', total: 1000 };
    expect(seen).toEqual([250, 500, 750, 1000].map((done) => ({ ...event, done })));
  });

  it('says that the total is reached, once, however soon', () => {
    const bus = eventBus();
    const seen: PipelineEvent[] = [];
    bus.events.subscribe((event) => seen.push(event));
    const tell = telling(bus, { stage: 'export', unit: 'photos', total: 3 });
    for (const done of [1, 2, 3, 3]) tell(done);
    expect(seen).toEqual([{ type: 'progress', stage: 'export', unit: 'photos', total: 3, done: 3 }]);
  });

  it('tells nobody without a bus', () => {
    vi.advanceTimersByTime(1000);
    expect(() => telling(undefined, { stage: 'export', unit: 'photos' })(1)).not.toThrow();
  });
});

it('counts records as they pass', async () => {
  const told: number[] = [];
  expect(await collect(counted(iterate(['a', 'b']), (done) => told.push(done)))).toEqual(['a', 'b']);
  expect(told).toEqual([1, 2]);
});
