import { stringify } from 'yaml';
import type { Summary } from '../../../summary.js';
import type { Provenance } from '../data.js';
import { type Content, html, name } from '../html.js';
import type { Section } from '../section.js';
import { facts, folded } from '../table.js';

/** What made the run, and the commands that make it again and look into it. */
export function provenanceSection(summary: Summary, { recipe, versions, command }: Provenance): Section {
  const digest = (text: string): Content => html`<code class="digest">${text}</code>`;
  const weights = Object.entries(summary.weights ?? {});
  const samples = Object.entries(summary.tasks).flatMap(([task, { samplesDigest }]) =>
    samplesDigest === undefined ? [] : [[`Samples of ${task}, sha256`, digest(samplesDigest)] as const],
  );
  const commands = [
    ['Make the run again', command],
    ['Set both side by side', 'pipeline compare . ../again'],
    ['Prove that nothing crosses the split and that its accounts add up', 'pipeline verify .'],
  ] as const;
  return {
    id: 'provenance',
    title: 'Provenance',
    body: html`${facts([
      ['Recipe', html`${name(recipe.name)}, sha256 ${digest(summary.recipe.hash)}`],
      ['Seed', String(recipe.seed)],
      ['Source', html`<code>${name(summary.source)}</code>`],
      ...weights.map(
        ([network, sha256]) =>
          [`Weights of ${network}`, sha256 === null ? 'drawn by the seed' : digest(sha256)] as const,
      ),
      ...samples,
      ...versions,
    ])}
<p>In a shell in this run’s folder, with <code>pipeline</code> on the path:</p>
<dl class="commands">${commands.map(
      ([what, line]) => html`<div><dt>${what}</dt><dd><code>${line}</code></dd></div>
`,
    )}</dl>
${folded('The whole recipe', html`<pre><code>${stringify(recipe)}</code></pre>`)}`,
  };
}
