import type { EventBus } from '#src/events.js';

/** What was told of one stage in one unit. */
export interface ToldProgress {
  /** Each total that was named; undefined where none was. */
  totals: (number | undefined)[];
  last: number;
}

/** Hears a bus's progress. @returns what was told so far of a stage, and fails where it went back. */
export function progressOf(bus: EventBus): (stage: string, unit: string) => ToldProgress | undefined {
  const told = new Map<string, ToldProgress>();
  bus.events.subscribe((event) => {
    if (event.type !== 'progress') return;
    const { stage, unit, done, total } = event;
    const one = told.get(`${stage} ${unit}`) ?? { totals: [], last: 0 };
    if (done < one.last) throw new Error(`Expected ${stage} to go on from ${one.last} but heard ${done}`);
    if (!one.totals.includes(total)) one.totals.push(total);
    told.set(`${stage} ${unit}`, { ...one, last: done });
  });
  return (stage, unit) => told.get(`${stage} ${unit}`);
}
