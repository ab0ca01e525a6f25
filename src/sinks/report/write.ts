import { writeWholeFile } from '../../whole-file.js';
import { PHOTOS_PER_CLASS, type ReportData, type TaskReport } from './data.js';
import { explorationSections } from './exploration.js';
import { markupOf } from './html.js';
import { renderPage } from './page.js';
import { type Thumbnails, thumbnails } from './photos.js';
import type { Section } from './section.js';
import { attributionSection } from './sections/attribution.js';
import { cachesSection } from './sections/caches.js';
import { calibrationSection } from './sections/calibration.js';
import { classesSection } from './sections/classes.js';
import { confusionSection } from './sections/confusion.js';
import { countsSection } from './sections/counts.js';
import { duplicatesSection } from './sections/duplicates.js';
import { mistakesSection, PICTURED_MISTAKES } from './sections/mistakes.js';
import { recordsSection } from './sections/records.js';
import { rolesSection } from './sections/roles.js';
import { samplesSection } from './sections/samples.js';
import { summarySection } from './sections/summary.js';
import { trainingSection } from './sections/training.js';
import { treeSection } from './sections/tree.js';
import { treeResultSection } from './sections/tree-result.js';
import { unmappedSection } from './sections/unmapped.js';

/** Sample photos that a page may hold in all, at about 4 kB each; each class has one in any case. */
const MOST_PHOTOS = 300;

/**
 * Writes a run's report: one HTML file that needs no network and no other file. It is written under another name
 * first, so that it is complete or absent. The same data and photos give the same bytes.
 */
export async function writeReport(
  file: string,
  data: ReportData,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const photosPerClass = photosThatFit(data.tasks);
  const files = [...photoFiles(data.tasks, photosPerClass), ...duplicateFiles(data)];
  const made = await thumbnails(files, options.signal);
  await writeWholeFile(file, renderReport(data, made, photosPerClass));
}

/** The report's text; `made` holds the photos that it shows. */
function renderReport(data: ReportData, made: Thumbnails, photosPerClass: number): string {
  const { summary, exploration, duplicates, ledger, tasks } = data;
  const attribution = attributionSection({ synthetic: summary.synthetic, sourceKind: data.sourceKind });
  const sections = [
    summarySection(summary, tasks),
    ...tasks.map((task, index) => taskSection(task, `task-${index + 1}`, made, photosPerClass)),
    recordsSection(summary.stages, ledger),
    ...(duplicates === undefined ? [] : [duplicatesSection(duplicates, made)]),
    ...(exploration === undefined ? [] : explorationSections(exploration)),
    cachesSection(summary.caches),
    ...(attribution === undefined ? [] : [attribution]),
  ];
  return markupOf(renderPage({ title: summary.recipe.name, synthetic: summary.synthetic, sections }));
}

/** All of one task. */
function taskSection(task: TaskReport, id: string, made: Thumbnails, photosPerClass: number): Section {
  return {
    id,
    title: `Task ${task.name}`,
    parts: [
      countsSection(task, `${id}-counts`),
      ...(task.unmapped === undefined ? [] : [unmappedSection(task.unmapped, `${id}-unmapped`)]),
      ...(task.tree === undefined ? [] : [treeSection(task.tree, `${id}-tree`)]),
      samplesSection(task, `${id}-samples`, made, photosPerClass),
      trainingSection(task, `${id}-training`),
      classesSection(task, `${id}-classes`),
      ...(task.evaluation.byRole === undefined ? [] : [rolesSection(task.evaluation.byRole, `${id}-roles`)]),
      ...(task.evaluation.tree === undefined
        ? []
        : [treeResultSection(task.evaluation.tree, `${id}-in-tree`)]),
      confusionSection(task, `${id}-confusion`),
      calibrationSection(task, `${id}-calibration`),
      mistakesSection(task, `${id}-mistakes`, made),
    ],
  };
}

/** How many photos each class may show so that the page stays small. */
function photosThatFit(tasks: readonly TaskReport[]): number {
  const classes = tasks.reduce((sum, task) => sum + task.classes.length, 0);
  return Math.max(1, Math.min(PHOTOS_PER_CLASS, Math.floor(MOST_PHOTOS / Math.max(1, classes))));
}

function photoFiles(tasks: readonly TaskReport[], photosPerClass: number): string[] {
  return tasks.flatMap(({ classes, evaluation }) => [
    ...classes.flatMap(({ photos }) => photos.slice(0, photosPerClass).map(({ file }) => file)),
    ...evaluation.mistakes.slice(0, PICTURED_MISTAKES).map(({ file }) => file),
  ]);
}

function duplicateFiles({ duplicates }: ReportData): string[] {
  if (duplicates === undefined) return [];
  const { same, family, boilerplate } = duplicates;
  const shown = [...[...same.shown, ...family.shown].flatMap(({ photos }) => photos), ...boilerplate.shown];
  return shown.flatMap(({ photo }) => photo?.file ?? []);
}
