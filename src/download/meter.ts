import type { EventBus } from '../events.js';

const MEGABYTE = 1e6;

/** Told how many bytes of a file are there, and how many it has, where that is known. */
export type OnBytes = (done: number, total: number | undefined) => void;

/** Adds up how far downloads are, and tells it in MB; a total is known once all that have begun know theirs. */
export function downloadMeter(events: EventBus): (file: string) => OnBytes {
  const files = new Map<string, { done: number; total: number | undefined }>();
  return (file) => (done, total) => {
    files.set(file, { done, total });
    let sum = 0;
    let whole: number | undefined = 0;
    for (const one of files.values()) {
      sum += one.done;
      whole = whole === undefined || one.total === undefined ? undefined : whole + one.total;
    }
    events.emit({
      type: 'progress',
      stage: 'download',
      done: Math.round(sum / MEGABYTE),
      ...(whole !== undefined && { total: Math.round(whole / MEGABYTE) }),
      unit: 'MB',
    });
  };
}
