import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Admission } from './admission.js';
import { type Counter, createMetrics, type Histogram, type Metrics } from './metrics.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const PHOTOS = [1, 2, 4, 8, 16, 32, 64];

/** What the server counts. */
export interface Instruments {
  metrics: Metrics;
  /** By method, route and status. */
  requests: Counter;
  requestSeconds: Histogram;
  /** By outcome: `ok`, or the error's code. */
  photos: Counter;
  /** By task and decision. */
  decisions: Counter;
  batchPhotos: Histogram;
  batchSeconds: Histogram;
}

export function createInstruments({ held }: Admission): Instruments {
  const metrics = createMetrics();
  const delay = monitorEventLoopDelay();
  delay.enable();
  metrics.gauge('pipeline_photos_held', 'Photos that wait or are looked at.', () => held.photos);
  metrics.gauge('pipeline_bytes_held', 'Bytes of requests in memory.', () => held.bytes);
  metrics.gauge('process_resident_memory_bytes', 'Memory that is resident.', () => process.memoryUsage.rss());
  metrics.total('process_cpu_seconds_total', 'Processor time, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    () => Date.now() / 1000 - process.uptime(),
  );
  metrics.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'How late the main thread is, at the 99th percentile.',
    () => delay.percentile(99) / 1e9,
  );
  return {
    metrics,
    requests: metrics.counter('pipeline_http_requests_total', 'Requests by method, route and status.'),
    requestSeconds: metrics.histogram('pipeline_http_request_seconds', 'Time to answer, by route.', SECONDS),
    photos: metrics.counter('pipeline_photos_total', 'Photos by outcome: ok, or an error’s code.'),
    decisions: metrics.counter(
      'pipeline_decisions_total',
      'Predictions by task and decision: accepted, uncertain or unknown.',
    ),
    batchPhotos: metrics.histogram('pipeline_batch_photos', 'Photos of a batch.', PHOTOS),
    batchSeconds: metrics.histogram('pipeline_batch_seconds', 'Time that a batch takes.', SECONDS),
  };
}
