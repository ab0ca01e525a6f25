import type { DumpExploration } from '../../../explore/exploration.js';
import { gathered, type SuggestionGroup } from '../../../explore/suggestions.js';
import { count } from '../format.js';
import { type Content, html, name } from '../html.js';
import type { Section } from '../section.js';
import { folded, table } from '../table.js';

/** Rows and names that a page shows at most: the document has them all. */
const MOST_GROUPS = 100;
const MOST_NAMES = 500;

/** What a recipe might do with a dump, each with its evidence. */
export function suggestionsSection({ suggestions, task }: DumpExploration): Section {
  const groups = gathered(suggestions);
  const hidden = groups.length - MOST_GROUPS;
  return {
    id: 'suggestions',
    title: 'What a recipe might do',
    body:
      groups.length === 0
        ? html`<p>Nothing stands out.</p>`
        : html`<p>For the values of <code>${name(task)}</code> as the listings have them, before any recipe’s rules. Each with its evidence; none is done by itself${hidden > 0 && `. ${count(hidden)} more are in the JSON document`}.</p>
${table({
  caption: 'Suggestions',
  columns: [{ title: 'Do' }, { title: 'What' }, { title: 'Because' }],
  rows: groups.slice(0, MOST_GROUPS).map((group) => [group.action, whatOf(group), group.evidence]),
  sortable: true,
})}`,
  };
}

function whatOf({ action, members }: SuggestionGroup): Content {
  const [first] = members;
  if (members.length === 1) {
    if (first!.names.length === 0) return 'photos';
    return first!.names.map((one, at) => html`${at > 0 && ' into '}<code>${name(one)}</code>`);
  }
  const what = action === 'ignore' ? 'keys' : 'classes';
  const hidden = members.length - MOST_NAMES;
  return folded(
    `${count(members.length)} ${what}`,
    html`<span class="keys">${members.slice(0, MOST_NAMES).map(({ names, weight }) => html`<code>${name(names[0]!)}</code> ${count(weight)}; `)}${hidden > 0 && `and ${count(hidden)} more`}</span>`,
  );
}
