import { type Observable, Subject } from 'rxjs';

/** What a run says about itself while it works; the progress bar, the log and later the web page listen. */
export type PipelineEvent =
  | { type: 'step'; step: string; state: 'started' | 'finished' | 'kept'; seconds?: number }
  | { type: 'progress'; stage: string; done: number; total?: number; unit: string }
  | { type: 'stage'; counts: StageCounts }
  | {
      type: 'epoch';
      task: string;
      phase: string;
      epoch: number;
      epochs: number;
      metrics: Record<string, number>;
    }
  | { type: 'message'; level: 'info' | 'warning'; text: string };

/** A stage's account: in + added = out + dropped + merged + capped + quarantined. */
export interface StageCounts {
  name: string;
  /** Present for stages that run once a task. */
  task?: string;
  in: number;
  added: number;
  out: number;
  dropped: number;
  merged: number;
  capped: number;
  quarantined: number;
  /** Of `join` only: rows of the image table that no view names. */
  orphans?: number;
  seconds: number;
  recordsPerSecond: number;
}

export interface EventBus {
  emit(event: PipelineEvent): void;
  readonly events: Observable<PipelineEvent>;
  /** Completes the stream: nothing is emitted afterwards. */
  close(): void;
}

export function eventBus(): EventBus {
  const subject = new Subject<PipelineEvent>();
  return {
    emit: (event) => subject.next(event),
    events: subject.asObservable(),
    close: () => subject.complete(),
  };
}
