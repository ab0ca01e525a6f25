import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';
import { meanInterval } from '../models/bootstrap.js';
import { randomSource } from '../random.js';
import type { Side } from '../records.js';
import type { Gallery } from './gallery.js';

/** Figures of some queries: a mean in 0..1, and its 95 % interval by the bootstrap over components. */
export interface Figure {
  queries: number;
  mean: number;
  interval: [number, number];
}

/** How well similar photos share a task's label. */
export interface LabelScore {
  /**
   * Precision at `count`: of so many photos of the train side that are nearest to one of the queries' side, the share that has
   * its label. Those of its own component are left out.
   */
  precision: Figure;
  /** What as many photos of the train side drawn by chance would give. */
  chance: number;
  /** Mean over the classes that have queries. */
  macroPrecision: number;
  perClass: { label: string; queries: number; precision: number; trainPhotos: number }[];
}

export interface GalleryScore {
  model: string;
  /** How many of the nearest are looked at. */
  count: number;
  /** Where the labels' queries come from: the test side, or validation where there is none. */
  side: Side;
  labels: Record<string, LabelScore>;
  /**
   * Of the other photos of a query's component how many are among the nearest `count` of the whole gallery, as a share of
   * what `count` has room for (capped recall; Thakur et al. 2021, BEIR). Of photos of any side whose component has others: no
   * model learns what a family is, and few stand on the test side of a small catalogue.
   */
  family: Figure;
}

export interface ScoreOptions {
  count: number;
  /** At most so many are drawn for each figure. */
  queries: number;
  /** Of that draw, and of the intervals' draws. */
  seed: number;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
}

/** Scores a gallery's searches by what it knows of its own photos. */
export async function scoreGallery(gallery: Gallery, options: ScoreOptions): Promise<GalleryScore> {
  const { count, seed, signal, onProgress } = options;
  const all = [...Array(gallery.length).keys()];
  const side = all.some((index) => gallery.side(index) === 'test') ? 'test' : 'validation';
  const ofSide = all.filter((index) => gallery.side(index) === side);
  const families = countsOf(all.map((index) => gallery.component(index)));
  const withOthers = all.filter((index) => families.get(gallery.component(index))! > 1);
  const queries = { labels: drawn(ofSide, options), family: drawn(withOthers, options) };
  const labels = labelsOf(gallery, all);
  const right = new Map([...labels.keys()].map((task) => [task, emptyRows()]));
  const found = emptyRows();
  const total = queries.labels.length + queries.family.length;
  let done = 0;
  const searched = async () => {
    done += 1;
    onProgress?.(done, total);
    await setImmediate();
    throwIfAborted(signal);
  };
  for (const index of queries.labels) {
    for (const [task, of] of labels) {
      if (of[index] !== undefined)
        add(right.get(task)!, gallery, index, sharesLabel(gallery, index, of, count));
    }
    await searched();
  }
  for (const index of queries.family) {
    const others = families.get(gallery.component(index))! - 1;
    add(found, gallery, index, findsFamily(gallery, index, count) / Math.min(count, others));
    await searched();
  }
  const trained = all.filter((index) => gallery.side(index) === 'train');
  const scores = [...labels].map(([task, of]) => {
    const counts = countsOf(trained.flatMap((index) => of[index] ?? []));
    return [task, labelScore(right.get(task)!, { of, counts, seed })] as const;
  });
  return {
    model: gallery.model,
    count,
    side,
    labels: Object.fromEntries(scores),
    family: figureOf(found, seed),
  };
}

/** Which share of the nearest of the train side has a photo's label; its component is left out. */
function sharesLabel(
  gallery: Gallery,
  index: number,
  of: readonly (string | undefined)[],
  count: number,
): number {
  const near = gallery.nearest(gallery.embedding(index), {
    count,
    withoutComponent: gallery.component(index),
    where: (other) => gallery.side(other) === 'train' && of[other] !== undefined,
  });
  return near.filter((one) => of[one.index] === of[index]).length / count;
}

/** How many of the nearest are of a photo's component. */
function findsFamily(gallery: Gallery, index: number, count: number): number {
  const near = gallery.nearest(gallery.embedding(index), { count, where: (other) => other !== index });
  return near.filter((one) => gallery.component(one.index) === gallery.component(index)).length;
}

/** A value of each of some photos, with the photos' components. */
interface Rows {
  photos: number[];
  components: string[];
  values: number[];
}

const emptyRows = (): Rows => ({ photos: [], components: [], values: [] });

function add(rows: Rows, gallery: Gallery, photo: number, value: number): void {
  rows.photos.push(photo);
  rows.components.push(gallery.component(photo));
  rows.values.push(value);
}

/** At most so many photos, by a seeded draw, in their order. */
function drawn(photos: readonly number[], { queries, seed }: ScoreOptions): number[] {
  if (photos.length <= queries) return [...photos];
  const random = randomSource(seed, 'similar');
  const order = photos.map((photo, row) => ({ photo, draw: random.uniform(row) }));
  const kept = order.sort((a, b) => a.draw - b.draw).slice(0, queries);
  return kept.map(({ photo }) => photo).sort((a, b) => a - b);
}

/** By task, each photo's label. */
function labelsOf(gallery: Gallery, all: readonly number[]): Map<string, (string | undefined)[]> {
  const rows = all.map((index) => gallery.photo(index).labels);
  const tasks = new Set(rows.flatMap((labels) => Object.keys(labels)));
  return new Map([...tasks].map((task) => [task, rows.map((labels) => labels[task])]));
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function labelScore(
  rows: Rows,
  {
    of,
    counts,
    seed,
  }: {
    of: readonly (string | undefined)[];
    /** Photos of the train side by label. */
    counts: ReadonlyMap<string, number>;
    seed: number;
  },
): LabelScore {
  const trained = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const labels = rows.photos.map((photo) => of[photo]!);
  const perClass = [...new Set(labels)].sort().map((label) => {
    const values = rows.values.filter((_, row) => labels[row] === label);
    return { label, queries: values.length, precision: mean(values), trainPhotos: counts.get(label) ?? 0 };
  });
  return {
    precision: figureOf(rows, seed),
    chance: mean(labels.map((label) => (counts.get(label) ?? 0) / trained)),
    macroPrecision: mean(perClass.map(({ precision }) => precision)),
    perClass,
  };
}

function figureOf({ values, components }: Rows, seed: number): Figure {
  return {
    queries: values.length,
    mean: mean(values),
    interval: meanInterval(values, components, { seed }),
  };
}

/** 0 where there are none. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
