import type { TreeFigures } from '../../../labels/tree/figures.js';
import { count, percent, plural } from '../format.js';
import { html, name } from '../html.js';
import type { Section } from '../section.js';
import { type Cell, table } from '../table.js';

/** The category tree over a task's classes, and how far the listings' nodes cover it and agree with it. */
export function treeSection(figures: TreeFigures, id: string): Section {
  const { photos, photosWithNodes, classes, classesWithNodes, catalogues, nodes, aligned } = figures;
  const { agreement, byClass } = figures;
  return {
    id,
    title: 'Category tree',
    body: html`<p>${plural(classes, 'class', 'classes')} in ${plural(groups(figures, 'coarse'), 'coarse group')} and ${plural(groups(figures, 'middle'), 'middle group')}. ${
      photosWithNodes === 0
        ? 'No listing has a node, so that nothing can be said of it.'
        : html`${count(photosWithNodes)} of ${plural(photos, 'photo')} and ${count(classesWithNodes)} classes have nodes: ${count(nodes)} in ${plural(catalogues, 'marketplace')}, ${plural(aligned, 'category', 'categories')} aligned between them. Of a class’s photos, those whose listings name the category that fits its group best agree: ${percent(agreement.coarse)} on the coarse level, ${percent(agreement.middle)} on the middle one, as the classes’ mean.`
    }</p>
${table({
  caption: 'Classes in the tree',
  columns: [
    { title: 'Class' },
    { title: 'Coarse' },
    { title: 'Middle' },
    { title: 'Photos', numeric: true },
    { title: 'With nodes', numeric: true },
    { title: 'Agree, coarse', numeric: true },
    { title: 'Agree, middle', numeric: true },
  ],
  rows: byClass.map((one) => [
    name(one.fine),
    name(one.coarse),
    name(one.middle),
    { show: count(one.photos), by: one.photos },
    { show: count(one.photosWithNodes), by: one.photosWithNodes },
    share(one.agreement.coarse),
    share(one.agreement.middle),
  ]),
  sortable: true,
})}`,
  };
}

function groups({ byClass }: TreeFigures, level: 'coarse' | 'middle'): number {
  return new Set(byClass.map((one) => one[level])).size;
}

/** What is unknown sorts before all else. */
function share(value: number | undefined): Cell {
  return { show: percent(value), by: value ?? -1 };
}
