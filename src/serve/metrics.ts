/** Figures in Prometheus' text format 0.0.4, as little of it as the server needs. */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels, amount?: number): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  /** @param read the figure now. */
  gauge(name: string, help: string, read: () => number): void;
  /** As a gauge, of what only grows. */
  total(name: string, help: string, read: () => number): void;
  /** @param bounds upper bounds of the buckets, ascending; the last bucket, without a bound, comes by itself. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** All of them. */
  text(): string;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function createMetrics(): Metrics {
  const families: (() => string)[] = [];
  const family = (name: string, type: string, help: string, samples: () => string[]) => {
    families.push(() => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples()].join('\n'));
  };
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      family(name, 'counter', help, () => [...values].map(([labels, value]) => `${name}${labels} ${value}`));
      return {
        add(labels = {}, amount = 1) {
          const key = written(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    gauge(name, help, read) {
      family(name, 'gauge', help, () => [`${name} ${read()}`]);
    },
    total(name, help, read) {
      family(name, 'counter', help, () => [`${name} ${read()}`]);
    },
    histogram(name, help, bounds) {
      const series = new Map<string, { labels: Labels; counts: number[]; sum: number }>();
      family(name, 'histogram', help, () =>
        [...series.values()].flatMap((one) => samplesOf(name, bounds, one)),
      );
      return {
        observe(value, labels = {}) {
          const key = written(labels);
          const one = series.get(key) ?? { labels, counts: Array(bounds.length + 1).fill(0), sum: 0 };
          series.set(key, one);
          const bucket = bounds.findIndex((bound) => value <= bound);
          one.counts[bucket < 0 ? bounds.length : bucket]! += 1;
          one.sum += value;
        },
      };
    },
    text: () => `${families.map((lines) => lines()).join('\n')}\n`,
  };
}

function samplesOf(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum }: { labels: Labels; counts: readonly number[]; sum: number },
): string[] {
  let below = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((le, bucket) => {
    below += counts[bucket]!;
    return `${name}_bucket${written({ ...labels, le })} ${below}`;
  });
  return [...buckets, `${name}_sum${written(labels)} ${sum}`, `${name}_count${written(labels)} ${below}`];
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
