import { join } from 'node:path';
import pino from 'pino';
import type { EventBus } from './events.js';

/**
 * Writes a run's events to RUN/log.jsonl, one JSON line each, appended over runs; progress is left out, being for
 * eyes only.
 * @returns a function that ends the log; every line is on the disk when it returns.
 */
export function logEvents(bus: EventBus, run: string): () => void {
  const destination = pino.destination({ dest: join(run, 'log.jsonl'), sync: true, append: true });
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const subscription = bus.events.subscribe((event) => {
    if (event.type === 'progress') return;
    if (event.type === 'message') logger[event.level === 'warning' ? 'warn' : 'info'](event.text);
    else logger.info(event);
  });
  return () => {
    subscription.unsubscribe();
    destination.end();
  };
}
