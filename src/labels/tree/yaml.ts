import { Document, isScalar, visit } from 'yaml';
import { percent } from '../../percent.js';
import type { ClassFigures, KnownTree, TreeFigures } from './figures.js';
import { pathsOf } from './tree.js';

/** A tree as YAML for people: what nodes say of the whole above it, of each class beside it. */
export function treeYaml({ tree, figures }: KnownTree, title: string): string {
  const document = new Document(tree);
  document.commentBefore = [
    title,
    ...figureLines(figures),
    'Names and places can be edited: each class once, each group’s name once in its level.',
  ]
    .map((line) => ` ${line}`)
    .join('\n');
  const of = new Map(figures.byClass.map((one) => [one.fine, one]));
  const classes = new Set(pathsOf(tree).map(({ fine }) => fine));
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || !classes.has(String(node.value))) return;
      const found = of.get(String(node.value));
      if (found !== undefined) node.comment = ` ${classLine(found)}`;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** What nodes say of a tree, in sentences. */
export function figureLines(figures: TreeFigures): string[] {
  const { photos, photosWithNodes, classes, classesWithNodes, catalogues, nodes, aligned, agreement } =
    figures;
  return [
    `Coverage: ${classesWithNodes} of ${classes} classes and ${photosWithNodes} of ${photos} photos have nodes (${catalogues} marketplaces, ${nodes} nodes, ${aligned} of them aligned with others).`,
    `Agreement of the nodes with the tree: coarse ${known(agreement.coarse)}, middle ${known(agreement.middle)}.`,
  ];
}

function classLine({ photos, photosWithNodes, agreement }: ClassFigures): string {
  if (photosWithNodes === 0) return `${photos} photos, none with a node`;
  return `${photos} photos, ${photosWithNodes} with nodes; agreement ${known(agreement.coarse)}, ${known(agreement.middle)}`;
}

function known(share: number | undefined): string {
  return share === undefined ? 'unknown' : percent(share);
}
