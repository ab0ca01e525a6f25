import { afterEach, expect, it, vi } from 'vitest';
import { showProgress } from '#src/cli/progress.js';
import { eventBus } from '#src/events.js';

afterEach(() => {
  vi.restoreAllMocks();
});

it('tells the rate and the time left of what is done now, not of what was there before', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const bus = eventBus();
  const progress = showProgress(bus, { quiet: false });
  const emit = (done: number) =>
    bus.emit({ type: 'progress', stage: 'photos', done, total: 1000, unit: 'photos' });
  emit(900);
  now = 4000;
  emit(910);
  progress.stop();
  expect(lines).toEqual(['  photos: 910 of 1000 photos, 2.5 photos/s, 36 s left\n']);
});
