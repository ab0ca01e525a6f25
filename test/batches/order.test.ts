import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOrder, type OrderOptions } from '#src/batches/order.js';
import { type BatchSample, sampleTable } from '#src/batches/samples.js';

/** All rows of a shard's batches as [key, label, counts], batch by batch. */
function rowsOf(samples: readonly BatchSample[], options: OrderOptions) {
  const arrangement =
    options.balance !== undefined ? 'label' : options.shuffle?.mode === 'block' ? 'key' : 'given';
  const table = sampleTable(samples, arrangement);
  const order = createOrder(table, options);
  return Array.from({ length: order.batches }, (_, batch) =>
    Array.from({ length: order.size(batch) }, (__, row) => {
      const sample = order.sampleAt(order.position(batch, row));
      return { key: table.keys[sample]!, label: table.labels[sample]!, counts: row < order.real(batch) };
    }),
  );
}

const samplesOf = (count: number): BatchSample[] =>
  Array.from({ length: count }, (_, index) => ({ key: (index * 7919) % 100_003, label: index % 3 }));
const sorted = (keys: Iterable<number>) => [...keys].sort((a, b) => a - b);
const mode = fc.constantFrom('exact' as const, 'block' as const);
const natural = fc.integer({ min: 1, max: 9 });

it('shows each sample exactly once an epoch, over all shards, whatever the mode', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      natural,
      natural,
      fc.option(fc.record({ seed: fc.integer(), epoch: fc.nat(9), mode, block: natural, window: natural }), {
        nil: undefined,
      }),
      fc.constantFrom('keep' as const, 'pad' as const),
      (length, batchSize, count, shuffle, last) => {
        const samples = samplesOf(length);
        const shards = Array.from({ length: count }, (_, index) =>
          rowsOf(samples, { batchSize, shard: { index, count }, last, ...(shuffle && { shuffle }) }),
        );
        const seen = shards.flat(2).filter(({ counts }) => counts);
        expect(sorted(seen.map(({ key }) => key))).toEqual(sorted(samples.map(({ key }) => key)));
        expect(new Set(shards.map((batches) => batches.length)).size).toBe(1);
        for (const [batch, rows] of shards.flatMap((batches) => [...batches.entries()])) {
          const lastOne = batch === shards[0]!.length - 1;
          if (last === 'pad' || !lastOne) expect(rows).toHaveLength(batchSize);
          expect(rows.length).toBeGreaterThan(0);
        }
      },
    ),
  );
});

it('drops what does not fill a batch, the same number of batches on every shard', () => {
  fc.assert(
    fc.property(fc.nat(200), natural, natural, (length, batchSize, count) => {
      const shuffle = { seed: 1, epoch: 2 };
      const shards = Array.from({ length: count }, (_, index) =>
        rowsOf(samplesOf(length), { batchSize, shuffle, shard: { index, count }, last: 'drop' }),
      );
      for (const batches of shards) {
        expect(batches).toHaveLength(Math.floor(Math.floor(length / count) / batchSize));
        for (const rows of batches) expect(rows).toHaveLength(batchSize);
      }
      const keys = shards.flat(2).map(({ key }) => key);
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

it('pads with the shard’s own samples, from its first on', () => {
  const [first, second] = rowsOf(samplesOf(5), { batchSize: 3, last: 'pad' });
  expect(second!.map(({ key }) => key)).toEqual([
    ...samplesOf(5)
      .slice(3)
      .map(({ key }) => key),
    first![0]!.key,
  ]);
  expect(second!.map(({ counts }) => counts)).toEqual([true, true, false]);
});

it('draws every class equally often, and every sample of a class', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -2, max: 4 }), { minLength: 1, maxLength: 120 }),
      fc.integer(),
      fc.nat(5),
      (labels, seed, epoch) => {
        const samples = labels.map((label, key) => ({ key, label }));
        const options: OrderOptions = { batchSize: 7, shuffle: { seed, epoch }, balance: 'class' };
        const drawn = rowsOf(samples, options).flat();
        expect(drawn).toHaveLength(labels.length);
        const spread = (counts: number[]) => Math.max(...counts) - Math.min(...counts);
        const classes = [...new Set(labels)];
        const ofClass = (label: number) => drawn.filter((row) => row.label === label);
        expect(spread(classes.map((label) => ofClass(label).length))).toBeLessThanOrEqual(1);
        for (const label of classes) {
          const counts = samples
            .filter((sample) => sample.label === label)
            .map(({ key }) => drawn.filter((row) => row.key === key).length);
          expect(spread(counts)).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});

it('keeps a block’s samples within their window', () => {
  const samples = Array.from({ length: 103 }, (_, key) => ({ key, label: 0 }));
  const shuffle = { seed: 5, epoch: 1, mode: 'block', block: 10, window: 2 } as const;
  const [rows] = rowsOf(samples, { batchSize: 200, shuffle });
  const keys = rows!.map(({ key }) => key);
  for (let at = 0; at < 100; at += 20) {
    // Two blocks of 10 consecutive keys each, so two runs (three where one wraps around the end).
    const window = sorted(keys.slice(at, at + 20));
    const runs = window.filter((key, index) => key !== window[index - 1]! + 1).length;
    expect(runs).toBeLessThanOrEqual(3);
  }
  expect(keys).not.toEqual(sorted(keys));
});

it('fetches each window but the first once, by runs of keys, while the one before is read', () => {
  const shuffle = { seed: 5, epoch: 1, mode: 'block', block: 10, window: 2 } as const;
  const table = sampleTable(
    Array.from({ length: 95 }, (_, key) => ({ key, label: 0 })),
    'key',
  );
  const order = createOrder(table, { batchSize: 7, shuffle });
  let fetched = new Uint32Array(0);
  for (let position = 0; position < 95; position++) {
    if (position >= 20) expect(fetched).toContain(order.sampleAt(position));
    const next = order.fetchAt(position);
    expect(next !== undefined).toBe(position % 20 === 0 && position < 80);
    if (next === undefined) continue;
    const runs = next.filter((sample, index) => sample !== (next[index - 1] ?? -2) + 1).length;
    expect(runs).toBeLessThanOrEqual(3);
    fetched = Uint32Array.of(...fetched, ...next);
  }
  expect(new Set(fetched).size).toBe(75);
});

it('differs by seed and by epoch', () => {
  const keys = (seed: number, epoch: number, of: 'exact' | 'block') =>
    rowsOf(samplesOf(50), { batchSize: 50, shuffle: { seed, epoch, mode: of, block: 4, window: 3 } })
      .flat()
      .map(({ key }) => key)
      .join();
  for (const of of ['exact', 'block'] as const) {
    expect(new Set([keys(1, 1, of), keys(1, 2, of), keys(2, 1, of)]).size).toBe(3);
    expect(keys(1, 1, of)).toBe(keys(1, 1, of));
  }
});

it('refuses options that are out of range or do not go together', () => {
  const refused = (options: OrderOptions) =>
    expect(() => rowsOf(samplesOf(3), options)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  refused({ batchSize: 0 });
  refused({ batchSize: 1, shard: { index: 2, count: 2 } });
  refused({ batchSize: 1, balance: 'class' });
  refused({ batchSize: 1, balance: 'class', shuffle: { seed: 1, epoch: 1, mode: 'block' } });
  refused({ batchSize: 1, shuffle: { seed: 1, epoch: 1, mode: 'block', block: 0 } });
});
