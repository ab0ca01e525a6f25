import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TreeFigures } from '#src/labels/tree/figures.js';
import { markupOf } from '#src/sinks/report/html.js';
import { treeSection } from '#src/sinks/report/sections/tree.js';
import { gravestMistakes, treeResultSection } from '#src/sinks/report/sections/tree-result.js';
import { writeReport } from '#src/sinks/report/write.js';
import { temporaryFolder } from '../../fixtures.js';
import { reportData } from './build.js';
import { sectionOf, tableOf, textOf } from './markup.js';

const FIGURES: TreeFigures = {
  photos: 1200,
  photosWithNodes: 900,
  classes: 3,
  classesWithNodes: 2,
  catalogues: 4,
  nodes: 31,
  aligned: 7,
  agreement: { coarse: 0.9, middle: 0.75 },
  byClass: [
    {
      coarse: 'Home',
      middle: 'Seats',
      fine: 'CHAIR',
      photos: 1000,
      photosWithNodes: 800,
      agreement: { coarse: 0.95, middle: 0.5 },
    },
    {
      coarse: 'Home',
      middle: 'Light',
      fine: '<b>LAMP</b>',
      photos: 150,
      photosWithNodes: 100,
      agreement: { coarse: 0.85, middle: 1 },
    },
    { coarse: 'MISC', middle: 'MISC', fine: 'MISC', photos: 50, photosWithNodes: 0, agreement: {} },
  ],
};

it('shows each class’s place, and how far nodes cover it and agree', () => {
  const page = markupOf(treeSection(FIGURES, 'task-1-tree').body!);
  expect(textOf(page)).toContain('3 classes in 2 coarse groups and 3 middle groups.');
  expect(textOf(page)).toContain('900 of 1,200 photos and 2 classes have nodes: 31 in 4 marketplaces');
  expect(textOf(page)).toContain('7 categories aligned');
  expect(textOf(page)).toMatch(/90\.0\s%\son the coarse level, 75\.0\s%\son the middle one/);
  const rows = tableOf(page, 'Classes in the tree').map((row) =>
    row.map((cell) => cell.replace(/\s+/g, ' ')),
  );
  expect(rows.at(-3)).toEqual(['CHAIR', 'Home', 'Seats', '1,000', '800', '95.0 %', '50.0 %']);
  expect(rows.at(-2)![0]).toBe('<b>LAMP</b>');
  expect(rows.at(-1)).toEqual(['MISC', 'MISC', 'MISC', '50', '0', '–', '–']);
});

it('says so where no listing has a node', () => {
  const page = markupOf(treeSection({ ...FIGURES, photosWithNodes: 0, agreement: {} }, 'task-1-tree').body!);
  expect(textOf(page)).toContain('No listing has a node');
});

it('stands in the report of a task with a tree, and only there', async () => {
  const folder = await temporaryFolder('report-tree');
  const file = join(folder.path, 'report.html');
  try {
    const data = reportData();
    await writeReport(file, data);
    expect(await readFile(file, 'utf8')).not.toContain('task-1-tree');
    await writeReport(file, { ...data, tasks: data.tasks.map((task) => ({ ...task, tree: FIGURES })) });
    expect(textOf(sectionOf(await readFile(file, 'utf8'), 'task-1-tree'))).toContain('3 classes');
  } finally {
    await folder.dispose();
  }
});

it('tells grave mistakes from milder ones, and shows the gravest', () => {
  const levels = { coarse: 0.9, middle: 0.8 };
  const decided = { accuracy: 0.7, levelAccuracy: levels, distance: 0.6, mistakeDistance: 2 };
  const mistake = (path: string, distance: number, probability: number) => ({
    imageId: path,
    path,
    file: path,
    label: 'CHAIR',
    predicted: 'SOFA',
    probability,
    distance,
  });
  const mistakes = [
    mistake('mild', 1, 0.99),
    mistake('grave', 3, 0.4),
    mistake('graver', 3, 0.6),
    mistake('middling', 2, 0.9),
  ];
  const section = treeResultSection(
    { levels: 3, ...decided, mistakesByDistance: [5, 4, 2], leastDistance: decided },
    'task-1-in-tree',
    mistakes,
    new Map(),
  );
  const markup = markupOf(section.body!);
  expect(markup).toContain('mistakes by their distance in the tree, 5 at 1, 4 at 2, 2 at 3.');
  const shown = [...markup.matchAll(/<code><bdi>(\w+)<\/bdi><\/code>/g)].map(([, path]) => path);
  expect(shown).toEqual(['graver', 'grave', 'middling']);
  expect(
    gravestMistakes(Array.from({ length: 40 }, (_, index) => mistake(`${index}`, 2, index / 40))),
  ).toHaveLength(12);
});
