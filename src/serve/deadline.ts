import { PipelineError } from '../errors.js';

/** A signal that fires when the client goes away or the time is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Ends the clock. */
  clear(): void;
}

/** @param client of the request. Its reason is the Node adapter's own text: what waits gets an error of ours instead. */
export function deadline(client: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  const gone = () => controller.abort(new PipelineError('ABORTED', 'Expected a client but it went away'));
  const late = () =>
    controller.abort(
      new PipelineError('TIMED_OUT', `Expected an answer within ${ms / 1000} s but it takes longer`, {
        hint: 'Ask again later, for fewer photos; `pipeline serve --timeout` gives more time.',
      }),
    );
  if (client.aborted) gone();
  client.addEventListener('abort', gone, { once: true });
  const timer = setTimeout(late, ms);
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      client.removeEventListener('abort', gone);
    },
  };
}
