import { html } from '../html.js';
import type { Section } from '../section.js';

/** Whose photos the report shows. */
export function attributionSection({
  synthetic,
  sourceKind,
}: {
  synthetic: boolean;
  sourceKind: string;
}): Section | undefined {
  if (synthetic) {
    return {
      id: 'attribution',
      title: 'Photos',
      body: html`<p>All photos and listings in this report are drawn by <code>pipeline synth</code>: none shows a real product.</p>`,
    };
  }
  if (sourceKind !== 'abo') return undefined;
  return {
    id: 'attribution',
    title: 'Attribution',
    body: html`<p>Photos and listing text are <a href="https://amazon-berkeley-objects.s3.amazonaws.com/index.html" rel="noreferrer">Amazon Berkeley Objects</a>, © Amazon.com, licensed under <a href="https://creativecommons.org/licenses/by/4.0/" rel="license noreferrer">CC BY 4.0</a>. The photos are scaled down here. Jasmine Collins et al., <cite>ABO: Dataset and Benchmarks for Real-World 3D Object Understanding</cite>, CVPR 2022.</p>`,
  };
}
