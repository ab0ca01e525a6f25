import type { CacheSummary } from '../../../summary.js';
import { bytes, count } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** The tensor caches that the run built or used. */
export function cachesSection(caches: readonly CacheSummary[]): Section {
  return {
    id: 'caches',
    title: 'Caches',
    body:
      caches.length === 0
        ? html`<p>The run has no cache.</p>`
        : table({
            caption: 'Tensor caches',
            columns: [
              { title: 'Cache' },
              { title: 'Holds' },
              { title: 'Records', numeric: true },
              { title: 'Size', numeric: true },
              { title: 'Height × width' },
              { title: 'Decoder' },
              { title: 'Digest of the contents' },
            ],
            rows: caches.map((cache) => [
              html`<code>${name(cache.path)}</code>`,
              cache.view === undefined ? 'the photos' : `training photos, augmented view ${cache.view}`,
              count(cache.records),
              bytes(cache.bytes),
              `${cache.height} × ${cache.width}`,
              name(cache.decoder),
              html`<code class="digest">${cache.digest}</code>`,
            ]),
          }),
  };
}
