import { afterEach, describe, expect, it, vi } from 'vitest';
import { duration } from '#src/cli/duration.js';
import { progressText, showProgress } from '#src/cli/progress.js';
import { eventBus } from '#src/events.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('progressText', () => {
  const begun = { at: 1000, done: 0 };
  it.each([
    [{ done: 50, total: 200 }, begun, 11_000, '50 of 200 photos, 5.0 photos/s, 30 s left'],
    [{ done: 5000, total: 2_000_000 }, begun, 11_000, '5000 of 2000000 photos, 500 photos/s, 67 min left'],
    [{ done: 50 }, begun, 11_000, '50 photos, 5.0 photos/s'],
    // Nobody knows yet how fast it is.
    [{ done: 1, total: 200 }, begun, 1100, '1 of 200 photos'],
    [{ done: 200, total: 200 }, begun, 11_000, '200 of 200 photos, 20.0 photos/s'],
    // What a download or a training goes on from was not done now.
    [
      { done: 150, total: 200 },
      { at: 1000, done: 100 },
      11_000,
      '150 of 200 photos, 5.0 photos/s, 10 s left',
    ],
  ])('%j since %j', (event, since, now, text) => {
    expect(progressText({ ...event, unit: 'photos' }, since, now)).toBe(text);
  });
});

it.each([
  [0.2, '1 s'],
  [89, '89 s'],
  [90, '2 min'],
  [5400, '1.5 h'],
  [200_000, '2.3 days'],
])('%d s are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

/** Progress by a clock that stands still until it is set, and what is written of it. */
function shownProgress() {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const bus = eventBus();
  const at = (milliseconds: number) => {
    now = milliseconds;
  };
  return { bus, progress: showProgress(bus, { quiet: false }), lines, at };
}

it('tells the rate and the time left of what is done now, not of what was there before', () => {
  const { bus, progress, lines, at } = shownProgress();
  const emit = (done: number) =>
    bus.emit({ type: 'progress', stage: 'photos', done, total: 1000, unit: 'photos' });
  emit(900);
  at(4000);
  emit(910);
  progress.stop();
  expect(lines).toEqual(['  photos: 910 of 1000 photos, 2.5 photos/s, 36 s left\n']);
});

it('begins anew with what is less far than before, as the next file of several', () => {
  const { bus, progress, lines, at } = shownProgress();
  for (const [time, done, total] of [
    [0, 0, 50],
    [2000, 50, 50],
    [60_000, 0, 40],
    [64_000, 8, 40],
  ] as const) {
    at(time);
    bus.emit({ type: 'progress', stage: 'download', done, total, unit: 'MB' });
  }
  progress.stop();
  expect(lines.at(-1)).toBe('  download: 8 of 40 MB, 2.0 MB/s, 16 s left\n');
});
