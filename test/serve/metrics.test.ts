import { expect, it } from 'vitest';
import { createMetrics } from '#src/serve/metrics.js';

it('writes counters, gauges and histograms as Prometheus reads them', () => {
  const metrics = createMetrics();
  const counter = metrics.counter('asked_total', 'Asked.');
  metrics.gauge('held', 'Held.', () => 7);
  metrics.total('seconds_total', 'Seconds.', () => 0.5);
  const histogram = metrics.histogram('took_seconds', 'Took.', [0.1, 1]);
  counter.add({ route: '/', status: '200' });
  counter.add({ route: '/', status: '200' }, 2);
  counter.add({ route: 'a"b\\c\nd' });
  for (const value of [0.1, 0.5, 2]) histogram.observe(value, { route: '/' });
  expect(metrics.text()).toBe(`# HELP asked_total Asked.
# TYPE asked_total counter
asked_total{route="/",status="200"} 3
asked_total{route="a\\"b\\\\c\\nd"} 1
# HELP held Held.
# TYPE held gauge
held 7
# HELP seconds_total Seconds.
# TYPE seconds_total counter
seconds_total 0.5
# HELP took_seconds Took.
# TYPE took_seconds histogram
took_seconds_bucket{route="/",le="0.1"} 1
took_seconds_bucket{route="/",le="1"} 2
took_seconds_bucket{route="/",le="+Inf"} 3
took_seconds_sum{route="/"} 2.6
took_seconds_count{route="/"} 3
`);
});
