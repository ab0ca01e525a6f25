import { Presets, SingleBar } from 'cli-progress';
import { type EventBus, eventBus, type PipelineEvent } from '../events.js';
import { painted } from './colours.js';
import { duration } from './duration.js';
import { onTerminal } from './live-views.js';
import { printable } from './printable.js';

const LINE_EVERY_MS = 3000;
const SILENT_AFTER_MS = 1000;

/** Shows a run's events to a person; `stop` ends it and leaves the terminal clean. */
export interface ProgressView {
  stop(): void;
}

/**
 * A live bar with rate and time left on a terminal, one plain line every few seconds elsewhere, warnings alone when
 * quiet. Everything goes to stderr: stdout belongs to results.
 */
export function showProgress(
  bus: EventBus,
  { quiet, verbose = true }: { quiet: boolean; verbose?: boolean },
): ProgressView {
  const live = process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !quiet;
  const say = (line: string) => void process.stderr.write(`${printable(line)}\n`);
  const bar = live ? liveBar() : undefined;
  const started = new Map<string, { begun: Begun; reached: number }>();
  let shown = '';
  let shownTotal = false;
  let seen = Number.NEGATIVE_INFINITY;
  let spoken = performance.now();

  const onProgress = (event: Extract<PipelineEvent, { type: 'progress' }>) => {
    const now = performance.now();
    const what = `${event.stage} ${event.unit}`;
    const last = started.get(what);
    // What is less far than before has begun anew: another file, or a download whose server cannot go on.
    const begun =
      last === undefined || event.done < last.reached ? { at: now, done: event.done } : last.begun;
    started.set(what, { begun, reached: event.done });
    // Stages of a chain speak in turns: one is followed until it falls silent, or another knows how much is left.
    const knowsMore = event.total !== undefined && !shownTotal;
    if (what !== shown && !knowsMore && now - seen < SILENT_AFTER_MS) return;
    shown = what;
    shownTotal = event.total !== undefined;
    seen = now;
    const text = progressText(event, begun, now);
    if (bar !== undefined) return bar.update(event, text);
    if (now - spoken < LINE_EVERY_MS) return;
    spoken = now;
    say(`  ${event.stage}: ${text}`);
  };

  const subscription = bus.events.subscribe((event) => {
    if (event.type === 'message' && event.level === 'warning') {
      bar?.clear();
      process.stderr.write(`${painted('warning:', 'yellow', process.stderr)} ${printable(event.text)}\n`);
      return;
    }
    if (quiet) return;
    if (event.type === 'progress') return onProgress(event);
    if (event.type === 'step') started.clear();
    if (!verbose) return;
    bar?.clear();
    const line = eventLine(event);
    if (line !== undefined) say(line);
  });
  return {
    stop() {
      subscription.unsubscribe();
      bar?.clear();
    },
  };
}

/** Does work whose events a person is shown, by the options that commands have for that. */
export async function withProgress<Result>(
  quiet: boolean | undefined,
  work: (events: EventBus) => Promise<Result>,
): Promise<Result> {
  const events = eventBus();
  const progress = showProgress(events, { quiet: quiet ?? false });
  try {
    return await work(events);
  } finally {
    progress.stop();
  }
}

/** What a line has room for of an epoch's metrics; the log has all. */
const SHOWN = ['loss', 'accuracy', 'trainAccuracy', 'validationLoss', 'validationAccuracy'];

function eventLine(event: PipelineEvent): string | undefined {
  switch (event.type) {
    case 'step':
      if (event.state === 'kept') return `${event.step}: kept`;
      return event.state === 'started'
        ? `${event.step} …`
        : `${event.step}: done in ${event.seconds?.toFixed(1)} s`;
    case 'stage': {
      const { name, task, in: received, out, dropped, merged, capped, quarantined, orphans } = event.counts;
      const fates = Object.entries({ dropped, merged, capped, quarantined, orphans: orphans ?? 0 })
        .filter(([, count]) => count > 0)
        .map(([fate, count]) => `${count} ${fate}`);
      const detail = fates.length > 0 ? ` (${fates.join(', ')})` : '';
      return `  ${name}${task === undefined ? '' : ` ${task}`}: ${received} → ${out}${detail}`;
    }
    case 'epoch': {
      const metrics = Object.entries(event.metrics)
        .filter(([name]) => SHOWN.includes(name))
        .map(([name, value]) => `${name} ${value.toFixed(4)}`);
      return `  ${event.task} ${event.phase} epoch ${event.epoch}/${event.epochs}: ${metrics.join(', ')}`;
    }
    case 'message':
      return event.text;
    default:
      return undefined;
  }
}

/** When something was first heard of (ms), and how far it was then: what goes on was not done now. */
interface Begun {
  at: number;
  done: number;
}

/** How far something is, how fast, and how long it will take. */
export function progressText(
  { done, total, unit }: { done: number; total?: number; unit: string },
  begun: Begun,
  now: number,
): string {
  const elapsedMs = now - begun.at;
  const rate = elapsedMs > 0 ? ((done - begun.done) * 1000) / elapsedMs : 0;
  // A rate over less than this is a guess.
  const known = elapsedMs > 200;
  const speed = known ? `, ${rate < 100 ? rate.toFixed(1) : Math.round(rate)} ${unit}/s` : '';
  if (total === undefined) return `${done} ${unit}${speed}`;
  const left = known && rate > 0 && total > done ? `, ${duration((total - done) / rate)} left` : '';
  return `${done} of ${total} ${unit}${speed}${left}`;
}

function liveBar() {
  let bar: SingleBar | undefined;
  let stage = '';
  let gone = () => {};
  const clear = () => {
    bar?.stop();
    bar = undefined;
    gone();
  };
  return {
    clear,
    update(event: Extract<PipelineEvent, { type: 'progress' }>, text: string) {
      if (bar === undefined || stage !== event.stage) {
        clear();
        stage = event.stage;
        const shape = event.total === undefined ? '{stage} {text}' : '{stage} {bar} {text}';
        bar = new SingleBar(
          {
            format: `  ${shape}`,
            clearOnComplete: true,
            hideCursor: true,
            // On its own it goes at the first Ctrl-C, and the next one comes while work is still ending.
            gracefulExit: false,
            stream: process.stderr,
            barsize: 24,
          },
          Presets.shades_classic,
        );
        gone = onTerminal(clear);
        bar.start(event.total ?? 1, event.done, { stage, text: '' });
      }
      bar.update(event.done, { stage, text });
    },
  };
}
