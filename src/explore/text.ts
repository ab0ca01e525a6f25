import { percent } from '../percent.js';
import type { Exploration } from './exploration.js';
import { gathered, type SuggestionGroup } from './suggestions.js';

/** Lines of a list that the text shows. */
const LINES = 10;

/** Classes or keys that one line names. */
const NAMED = 3;

/** An exploration for people, in a terminal. */
export function explorationText(found: Exploration): string {
  const { listings, rows, classes, photos, table, boilerplate, files, task } = found;
  const telling = found.keys
    .filter(({ information }) => information !== undefined)
    .sort((a, b) => b.information!.explained - a.information!.explained || (a.name < b.name ? -1 : 1));
  const suggested = gathered(found.suggestions).map(suggestionLine);
  const lines = [
    `${found.source}: ${listings} listings in ${found.shards} shards (${rows.identical} rows repeat another, ${rows.unreadable} cannot be read)`,
    ...(found.synthetic ? ['The data is synthetic.'] : []),
    `${photos.named} photos in ${photos.views} views; ${photos.notInTable} not in the image table, ${table.orphans} of its ${table.images} images in no listing`,
    ...(files === undefined
      ? []
      : [
          `${files.spare} of ${files.read} files have the bytes of another, in ${files.groups} groups; ${files.unreadable} cannot be read`,
        ]),
    `${boilerplate.photos} photos in more than ${boilerplate.listings} listings or of more than ${boilerplate.types} product types (boilerplate, ${boilerplate.views} views)`,
    '',
    'Keys',
    columns(
      ['key', 'filled', 'missing', 'different', 'languages'],
      found.keys.map(({ name, present, missing, distinct, languages }) => [
        name,
        String(present),
        percent(missing / listings),
        `${distinct.approximate ? '~' : ''}${distinct.count}`,
        String(languages.filter(({ language }) => language !== '-').length),
      ]),
    ),
    '',
    `What they tell of ${task}, beyond chance (share of its entropy; Vinh, Epps and Bailey 2010)`,
    columns(
      ['key', 'explained', 'bits', 'by chance', 'listings'],
      telling.map(({ name, information }) => {
        const { explained, bits, chance, records } = information!;
        return [name, percent(explained), bits.toFixed(3), chance.toFixed(3), String(records)];
      }),
    ),
    ...found.breakdowns.flatMap(({ name, classes: n, top, singles, classesFor }) => [
      '',
      `By ${name}: ${n} classes, ${classesFor.half} hold half of the listings, ${classesFor.nineTenths} hold 90 %, ${singles} have one`,
      columns(
        [name, 'listings'],
        top.slice(0, LINES).map(({ value, listings: times }) => [value, String(times)]),
      ),
    ]),
    '',
    'Photos whose listings disagree',
    columns(
      ['key', 'photos', 'of'],
      found.conflicts
        .filter(({ compared }) => compared > 0)
        .map(({ name, compared, conflicting }) => [name, String(conflicting), String(compared)]),
    ),
    '',
    `What a recipe might do (${found.suggestions.length}; ${classes.length} classes)`,
    ...suggested.slice(0, 3 * LINES),
    ...(suggested.length > 3 * LINES ? ['  … --json has them all'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function suggestionLine({ action, members, evidence }: SuggestionGroup): string {
  const [first] = members;
  const some = members.slice(0, NAMED).map(({ names }) => names[0]);
  const what =
    members.length === 1
      ? first!.names.join(' → ') || 'photos'
      : `${members.length}: ${some.join(', ')}${members.length > NAMED ? ', …' : ''}`;
  return printable(`  ${action} ${what}: ${evidence}`);
}

/** Cells under their headings: the first column to the left, numbers to the right. */
function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '  none';
  const cells = [heads, ...rows].map((row) => row.map(printable));
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  return cells
    .map(
      (row) =>
        `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`,
    )
    .join('\n');
}

/** Text of the dump on one line, short, and without what a terminal would obey. */
function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
