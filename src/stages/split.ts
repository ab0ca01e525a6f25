import type { RandomSource } from '../random.js';
import { type LabelledPhoto, type Sample, SIDES, type Side } from '../records.js';
import type { Stage } from '../stage.js';

export interface SplitOptions {
  task?: string;
  /** What stays together. */
  by: 'component' | 'image';
  /** `stratified`: proportions by class; `hash`: a side is a function of (seed, component) alone. */
  method: 'stratified' | 'hash';
  /** Shares of the photos in 0..1; the rest is train. */
  validation: number;
  test: number;
  /** Sides that components have already, from a run's earlier tasks; what this one decides is added. */
  sides?: Map<string, Side>;
}

interface Group {
  id: string;
  draw: number;
  size: number;
  classes: Map<string, number>;
}

/**
 * Labelled photos → samples, each with its side. A component is never broken, and one that has a side keeps it.
 * Nothing depends on arrival order. Proportions need the whole view: the stage holds its photos.
 */
export function split({
  task,
  by,
  method,
  validation,
  test,
  sides = new Map(),
}: SplitOptions): Stage<LabelledPhoto, Sample> {
  const shares: Record<Side, number> = { train: 1 - validation - test, validation, test };
  return {
    name: 'split',
    ...(task !== undefined && { task }),
    async *run(source, { random }) {
      const draws = random.fork('split');
      const photos: LabelledPhoto[] = [];
      for await (const photo of source) photos.push(photo);
      const idOf = (photo: LabelledPhoto) => (by === 'component' ? photo.component : photo.imageId);
      const groups = groupPhotos(photos, idOf, draws);
      if (method === 'hash') {
        for (const { id, draw } of groups) if (!sides.has(id)) sides.set(id, sideAt(draw, shares));
      } else stratify(groups, shares, sides);
      for (const photo of photos) yield { ...photo, split: sides.get(idOf(photo))! };
    },
  };
}

function groupPhotos(
  photos: readonly LabelledPhoto[],
  idOf: (photo: LabelledPhoto) => string,
  draws: RandomSource,
): Group[] {
  const groups = new Map<string, Group>();
  for (const photo of photos) {
    const id = idOf(photo);
    let group = groups.get(id);
    if (group === undefined) {
      group = { id, draw: draws.uniform(id), size: 0, classes: new Map() };
      groups.set(id, group);
    }
    group.size += 1;
    group.classes.set(photo.label, (group.classes.get(photo.label) ?? 0) + 1);
  }
  return [...groups.values()];
}

/** The side whose part of [0, 1) holds the draw: test, then validation, then train. */
function sideAt(draw: number, shares: Record<Side, number>): Side {
  if (draw < shares.test) return 'test';
  return draw < shares.test + shares.validation ? 'validation' : 'train';
}

/**
 * Greedy: components from the largest down, in seeded order among equals, each to the side that lacks most of what
 * the component holds. A side with share 0 gets nothing.
 */
function stratify(groups: readonly Group[], shares: Record<Side, number>, sides: Map<string, Side>): void {
  const open = SIDES.filter((side) => shares[side] > 0);
  const lacking = new Map<string, Record<Side, number>>();
  const lack = (name: string) => {
    const found = lacking.get(name) ?? { train: 0, validation: 0, test: 0 };
    lacking.set(name, found);
    return found;
  };
  for (const { classes } of groups) {
    for (const [name, count] of classes) for (const side of open) lack(name)[side] += shares[side] * count;
  }
  const settle = ({ classes }: Group, side: Side) => {
    for (const [name, count] of classes) lack(name)[side] -= count;
  };
  for (const group of groups) {
    const side = sides.get(group.id);
    if (side !== undefined) settle(group, side);
  }
  const waiting = groups.filter(({ id }) => !sides.has(id));
  waiting.sort((a, b) => b.size - a.size || a.draw - b.draw || (a.id < b.id ? -1 : 1));
  for (const group of waiting) {
    const need = (side: Side) => {
      let total = 0;
      for (const [name, count] of group.classes) total += (count * lack(name)[side]) / group.size;
      return total;
    };
    const side = open.reduce((best, candidate) => (need(candidate) > need(best) ? candidate : best));
    sides.set(group.id, side);
    settle(group, side);
  }
}
