import { join } from 'node:path';
import { readJsonLinesFile } from '../sinks/jsonl.js';
import type { ReportPhoto } from '../sinks/report/data.js';
import {
  best,
  type DuplicatesReport,
  mostFirst,
  relationCounter,
  SHOWN_BOILERPLATE,
  shownImages,
} from '../sinks/report/duplicates.js';
import type { Source } from '../sources/source.js';
import type { DuplicateGroup, PrunedPicture } from '../stages/deduplicate.js';

/**
 * Reads what curation wrote of duplicates and boilerplate, and looks up in the image table where the photos lie that the
 * report shows of them. One line of the files is held at a time.
 */
export async function foundDuplicates(
  run: string,
  { images, imagesRoot }: Pick<Source, 'images' | 'imagesRoot'>,
  signal: AbortSignal,
): Promise<DuplicatesReport> {
  const counters = { same: relationCounter(), family: relationCounter() };
  for await (const group of readJsonLinesFile<DuplicateGroup>(join(run, 'duplicates.jsonl'))) {
    counters[group.relation].add(group);
  }
  const [same, family] = [counters.same.result(), counters.family.result()];

  const often = best<PrunedPicture>(
    SHOWN_BOILERPLATE,
    mostFirst(({ listings }) => listings),
  );
  const boilerplate = { pictures: 0, images: 0 };
  for await (const picture of readJsonLinesFile<PrunedPicture>(join(run, 'boilerplate.jsonl'))) {
    boilerplate.pictures += 1;
    boilerplate.images += picture.images.length;
    often.add(picture);
  }

  const wanted = new Set([
    ...[...same.shown, ...family.shown].flatMap(shownImages),
    ...often.result().map(({ representative }) => representative),
  ]);
  const photos = new Map<string, ReportPhoto>();
  for await (const { imageId, path } of images(signal)) {
    if (!wanted.has(imageId) || photos.has(imageId) || (await imagesRoot.look(path)) !== 'there') continue;
    photos.set(imageId, { path, file: imagesRoot.placeOf(path) });
  }
  const withPhotos = (group: DuplicateGroup) => ({
    representative: group.representative,
    pairs: group.pairs,
    images: group.images.length,
    photos: shownImages(group).map((imageId) => ({ imageId, photo: photos.get(imageId) })),
  });
  return {
    same: { ...same, shown: same.shown.map(withPhotos) },
    family: { ...family, shown: family.shown.map(withPhotos) },
    boilerplate: {
      ...boilerplate,
      shown: often.result().map((picture) => ({ ...picture, photo: photos.get(picture.representative) })),
    },
  };
}
