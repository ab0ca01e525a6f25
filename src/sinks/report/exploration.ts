import type { Exploration } from '../../explore/exploration.js';
import { writeWholeFile } from '../../whole-file.js';
import { count } from './format.js';
import { html, markupOf, name } from './html.js';
import { renderPage } from './page.js';
import type { Section } from './section.js';
import { attributionSection } from './sections/attribution.js';
import { exploredClassesSection } from './sections/exploration-classes.js';
import { exploredKeysSection } from './sections/exploration-keys.js';
import { exploredPhotosSection } from './sections/exploration-photos.js';
import { suggestionsSection } from './sections/exploration-suggestions.js';
import { facts } from './table.js';

/** What a dump holds, as sections of a page. */
export function explorationSections(found: Exploration): Section[] {
  return [
    suggestionsSection(found),
    exploredKeysSection(found),
    exploredClassesSection(found),
    exploredPhotosSection(found),
  ];
}

/**
 * Writes an exploration as one HTML file that needs no network and no other file; it is complete or absent. The same
 * dump gives the same bytes.
 * @param options.sourceKind ABO's attribution is shown for `abo`, unless the photos are drawn.
 */
export async function writeExploration(
  file: string,
  found: Exploration,
  { sourceKind }: { sourceKind: string },
): Promise<void> {
  const attribution = attributionSection({ synthetic: found.synthetic, sourceKind });
  const sections = [
    summarySection(found),
    ...explorationSections(found),
    ...(attribution === undefined ? [] : [attribution]),
  ];
  const page = renderPage({
    title: found.source,
    kind: 'What the dump holds',
    synthetic: found.synthetic,
    sections,
  });
  await writeWholeFile(file, markupOf(page));
}

function summarySection({ task, rows, listings, shards, classes, photos }: Exploration): Section {
  return {
    id: 'summary',
    title: 'Summary',
    body: facts([
      ['Task', html`<code>${name(task)}</code>`],
      ['Rows read', count(rows.read)],
      ['Rows that repeat another', count(rows.identical)],
      ['Rows that cannot be read', count(rows.unreadable)],
      ['Listings', count(listings)],
      ['Shards', count(shards)],
      ['Classes', count(classes.length)],
      ['Photos', count(photos.named)],
    ]),
  };
}
