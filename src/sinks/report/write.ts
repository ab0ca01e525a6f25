import type { EventBus } from '../../events.js';
import { writeWholeFile } from '../../whole-file.js';
import type { ReportData } from './data.js';
import { figuresOf, type WrittenFigures, writeFigures } from './figures.js';
import { markupOf } from './html.js';
import { overlaysOf } from './overlays.js';
import { renderPage } from './page.js';
import { thumbnails } from './photos.js';
import { sectionsOf } from './sections/all.js';
import { filesOf, shownPhotos } from './shown-photos.js';

/**
 * Writes a run's report: one HTML file that needs no network and no other file. It is written under another name
 * first, so that it is complete or absent. The same data and photos give the same bytes.
 * @param options.events told how many of its photos, heat maps and figures are drawn.
 * @param options.figures the folder that gets each figure as SVG and PNG; absent: none.
 */
export async function writeReport(
  file: string,
  data: ReportData,
  { figures, ...watched }: { signal?: AbortSignal; events?: EventBus; figures?: string } = {},
): Promise<WrittenFigures | undefined> {
  const shown = shownPhotos(data);
  const made = await thumbnails(filesOf(shown, data), watched);
  const explained = data.tasks.flatMap(({ evaluation }) => evaluation.explained);
  const overlays = await overlaysOf(explained, watched.events);
  const { recipe, synthetic } = data.summary;
  const sections = sectionsOf(data, shown, { made, overlays });
  const page = markupOf(renderPage({ title: recipe.name, synthetic, sections }));
  await writeWholeFile(file, page);
  return figures === undefined ? undefined : writeFigures(figures, figuresOf(page, data.tasks), watched);
}
