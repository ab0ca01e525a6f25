import { PHOTOS_PER_CLASS, type ReportData, type TaskReport } from './data.js';
import type { CellPhotos } from './sections/confusion.js';
import { PICTURED_MISTAKES } from './sections/mistakes.js';
import { gravestMistakes } from './sections/tree-result.js';

/** Sample photos that a page may hold in all, at about 4 kB each, and 13 kB at worst; each class has one in any case. */
const MOST_SAMPLES = 300;
/** Photos behind confusion matrices that it may hold in all. */
const MOST_OF_CELLS = 400;

/** Which photos a page has room for. */
export interface ShownPhotos {
  /** Samples a class. */
  perClass: number;
  /** In the tasks' order. */
  cells: readonly CellPhotos[];
}

/** Chooses so that the page stays under 10 MB, whatever the number of classes and tasks. */
export function shownPhotos({ tasks }: ReportData): ShownPhotos {
  const classes = tasks.reduce((sum, task) => sum + task.classes.length, 0);
  const most = Math.floor(MOST_OF_CELLS / Math.max(1, tasks.length));
  return {
    perClass: Math.max(1, Math.min(PHOTOS_PER_CLASS, Math.floor(MOST_SAMPLES / Math.max(1, classes)))),
    cells: tasks.map((task) => cellPhotos(task, most)),
  };
}

/** Mistakes first; what is left of the room goes to what is right. */
function cellPhotos({ evaluation: { mistakes, right } }: TaskReport, most: number): CellPhotos {
  const first = mistakes.slice(0, most);
  return { mistakes: first, right: right.slice(0, most - first.length) };
}

/** The files of all photos that a page shows. */
export function filesOf({ perClass, cells }: ShownPhotos, { tasks, duplicates }: ReportData): string[] {
  const ofTasks = tasks.flatMap(({ classes, evaluation }, index) => [
    ...classes.flatMap(({ photos }) => photos.slice(0, perClass)),
    ...evaluation.mistakes.slice(0, PICTURED_MISTAKES),
    ...gravestMistakes(evaluation.mistakes),
    ...cells[index]!.mistakes,
    ...cells[index]!.right,
  ]);
  const { same, family, boilerplate } = duplicates ?? {};
  const groups = [...(same?.shown ?? []), ...(family?.shown ?? [])].flatMap(({ photos }) => photos);
  const found = [...groups, ...(boilerplate?.shown ?? [])].flatMap(({ photo }) => photo ?? []);
  return [...ofTasks, ...found].map(({ file }) => file);
}
