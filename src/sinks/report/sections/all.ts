import type { ReportData, TaskReport } from '../data.js';
import { explorationSections } from '../exploration.js';
import type { Overlays } from '../overlays.js';
import type { Thumbnails } from '../photos.js';
import type { Section } from '../section.js';
import type { ShownPhotos } from '../shown-photos.js';
import { attributionSection } from './attribution.js';
import { augmentationSection } from './augmentation.js';
import { cachesSection } from './caches.js';
import { calibrationSection } from './calibration.js';
import { classesSection } from './classes.js';
import { type CellPhotos, confusionSection } from './confusion.js';
import { countsSection } from './counts.js';
import { duplicatesSection } from './duplicates.js';
import { explainedSection } from './explained.js';
import { mistakesSection } from './mistakes.js';
import { provenanceSection } from './provenance.js';
import { quarantineSection } from './quarantine.js';
import { recordsSection } from './records.js';
import { rolesSection } from './roles.js';
import { samplesSection } from './samples.js';
import { summarySection } from './summary.js';
import { trainingSection } from './training.js';
import { treeSection } from './tree.js';
import { treeResultSection } from './tree-result.js';
import { unmappedSection } from './unmapped.js';

/** The photos that a page shows, as it shows them. */
export interface Pictures {
  made: Thumbnails;
  overlays: Overlays;
}

/** A report from its first screen to its last: the answer, the data, how they were cleaned, each task, what made it all. */
export function sectionsOf(data: ReportData, shown: ShownPhotos, pictures: Pictures): Section[] {
  const { summary, exploration, duplicates, augmentation, ledger, tasks } = data;
  const attribution = attributionSection({ synthetic: summary.synthetic, sourceKind: data.sourceKind });
  return [
    summarySection(data),
    ...tasks.map((task, index) => dataSection(task, `task-${index + 1}`, pictures, shown)),
    ...(exploration === undefined ? [] : explorationSections(exploration)),
    recordsSection(summary.stages, ledger),
    quarantineSection(ledger),
    ...(duplicates === undefined ? [] : [duplicatesSection(duplicates, pictures.made)]),
    ...(augmentation === undefined ? [] : [augmentationSection(augmentation)]),
    ...tasks.map((task, index) => taskSection(task, `task-${index + 1}`, pictures, shown.cells[index]!)),
    cachesSection(summary.caches),
    provenanceSection(summary, data.provenance),
    ...(attribution === undefined ? [] : [attribution]),
  ];
}

/** What one task learns from. */
function dataSection(task: TaskReport, id: string, { made }: Pictures, { perClass }: ShownPhotos): Section {
  return {
    id: `${id}-data`,
    title: `Data of ${task.name}`,
    parts: [
      countsSection(task, `${id}-counts`),
      ...(task.unmapped === undefined ? [] : [unmappedSection(task.unmapped, `${id}-unmapped`)]),
      ...(task.tree === undefined ? [] : [treeSection(task.tree, `${id}-tree`)]),
      samplesSection(task, `${id}-samples`, made, perClass),
    ],
  };
}

/** What one task learned. */
function taskSection(task: TaskReport, id: string, { made, overlays }: Pictures, cells: CellPhotos): Section {
  const { byRole, tree, mistakes, explained } = task.evaluation;
  return {
    id,
    title: `Task ${task.name}`,
    parts: [
      trainingSection(task, `${id}-training`),
      confusionSection(task, `${id}-confusion`, made, cells),
      classesSection(task, `${id}-classes`),
      ...(byRole === undefined ? [] : [rolesSection(byRole, `${id}-roles`)]),
      calibrationSection(task, `${id}-calibration`),
      mistakesSection(task, `${id}-mistakes`, made),
      ...(tree === undefined ? [] : [treeResultSection(tree, `${id}-in-tree`, mistakes, made)]),
      ...(explained.length === 0 ? [] : [explainedSection(explained, `${id}-explained`, overlays)]),
    ],
  };
}
