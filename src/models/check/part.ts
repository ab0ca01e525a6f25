import type { EventBus } from '../../events.js';
import { telling } from '../../telling.js';

/** Part of a task's checks, which says that a step of it is done, or how many are. */
export type Part = (done?: number) => void;

/** Tells that a part of a task's checks begins, as its first step may take long, and then how far it is. */
export function beginPart(events: EventBus, stage: string, total: number): Part {
  const told = { stage, unit: 'steps', total };
  events.emit({ type: 'progress', done: 0, ...told });
  const tell = telling(events, told);
  let reached = 0;
  return (done = reached + 1) => {
    reached = done;
    tell(done);
  };
}
