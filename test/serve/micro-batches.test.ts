import { expect, it } from 'vitest';
import { PipelineError } from '#src/errors.js';
import { microBatches } from '#src/serve/micro-batches.js';

/** Batches that end when they are told to. */
function gated({ size = 3, atOnce = 1, waitMs = 0 } = {}) {
  const begun: { items: readonly number[]; end(results: (string | PipelineError)[] | Error): void }[] = [];
  const batches = microBatches<number, string>({
    size,
    waitMs,
    atOnce,
    run: (items) =>
      new Promise((resolve, reject) => {
        begun.push({
          items,
          end: (results) => (results instanceof Error ? reject(results) : resolve(results)),
        });
      }),
  });
  const submit = (item: number, signal = new AbortController().signal) => batches.submit(item, signal);
  return { submit, begun };
}
const texts = (items: readonly number[]) => items.map(String);
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

it('begins at once with a whole batch, and puts what comes meanwhile in the next', async () => {
  const { submit, begun } = gated({ waitMs: 60_000 });
  const first = [1, 2, 3].map((item) => submit(item));
  expect(begun.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  const second = [4, 5, 6, 7].map((item) => submit(item));
  await later();
  expect(begun).toHaveLength(1);
  begun[0]!.end(texts(begun[0]!.items));
  expect(await Promise.all(first)).toEqual(['1', '2', '3']);
  begun[1]!.end(texts(begun[1]!.items));
  expect(await Promise.all(second.slice(0, 3))).toEqual(['4', '5', '6']);
  expect(begun[2]!.items).toEqual([7]);
  begun[2]!.end(['7']);
  expect(await second[3]).toBe('7');
});

it('waits for others, but not for ever', async () => {
  const { submit, begun } = gated({ waitMs: 20 });
  const waiting = [submit(1), submit(2)];
  expect(begun).toEqual([]);
  while (begun.length === 0) await later();
  expect(begun[0]!.items).toEqual([1, 2]);
  begun[0]!.end(['a', 'b']);
  expect(await Promise.all(waiting)).toEqual(['a', 'b']);
});

it('runs as many batches at once as it may', async () => {
  const { submit, begun } = gated({ size: 1, atOnce: 2 });
  const all = [1, 2, 3].map((item) => submit(item));
  expect(begun.map(({ items }) => items)).toEqual([[1], [2]]);
  begun[1]!.end(['2']);
  expect(await all[1]).toBe('2');
  await later();
  expect(begun.map(({ items }) => items)).toEqual([[1], [2], [3]]);
  begun[0]!.end(['1']);
  begun[2]!.end(['3']);
  expect(await Promise.all(all)).toEqual(['1', '2', '3']);
});

it('leaves out whoever went away before, and forgets whoever goes later', async () => {
  const { submit, begun } = gated();
  const [early, late] = [new AbortController(), new AbortController()];
  const gone = new PipelineError('ABORTED', 'gone');
  const all = [submit(1, early.signal), submit(2, late.signal), submit(3)];
  const fourth = submit(4, early.signal);
  early.abort(gone);
  await expect(all[0]).rejects.toBe(gone);
  await expect(fourth).rejects.toBe(gone);
  await expect(submit(5, early.signal)).rejects.toBe(gone);
  expect(begun.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  late.abort(gone);
  await expect(all[1]).rejects.toBe(gone);
  begun[0]!.end(texts(begun[0]!.items));
  expect(await all[2]).toBe('3');
  await later();
  expect(begun).toHaveLength(1);
});

it('gives each item its own error, and all of a batch its failure', async () => {
  const { submit, begun } = gated();
  const all = [1, 2, 3].map((item) => submit(item));
  const damaged = new PipelineError('IMAGE_DAMAGED', 'damaged');
  begun[0]!.end(['a', damaged, 'c']);
  expect(await Promise.allSettled(all)).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: damaged },
    { status: 'fulfilled', value: 'c' },
  ]);
  const next = [4, 5, 6].map((item) => submit(item));
  const crashed = new PipelineError('WORKER_CRASHED', 'crashed');
  begun[1]!.end(crashed);
  for (const one of next) await expect(one).rejects.toBe(crashed);
});
