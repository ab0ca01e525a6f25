import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toBytes } from '../kernels/similarity.js';
import { writeJsonLinesFile } from '../sinks/jsonl.js';
import { npyHeader } from '../sinks/numpy.js';
import { TAR_END, TAR_HEADER, tarMember } from '../sinks/tar-member.js';
import { writeWholeFolder } from '../sinks/whole-folder.js';
import { DTYPE, FILES, type GalleryDescription, type GalleryPhoto, type GalleryRow } from './format.js';

/** A photo as it enters a gallery. */
export interface GalleryEntry {
  photo: GalleryPhoto;
  /** [width]; its length counts for nothing. */
  embedding: Float32Array;
  /** A small JPEG; absent where the photo could not be read. */
  thumbnail?: Buffer | undefined;
}

/**
 * Writes a gallery as a folder that is complete or absent, in place of what lies there; equal entries give equal bytes.
 * @param entries as many as `description.photos`, all of one width.
 */
export async function writeGallery(
  folder: string,
  description: Omit<GalleryDescription, 'schemaVersion' | 'width'>,
  entries: AsyncIterable<GalleryEntry>,
): Promise<void> {
  const { photos } = description;
  await rm(folder, { recursive: true, force: true });
  await writeWholeFolder(folder, async (unfinished) => {
    const embeddings = await open(join(unfinished, FILES.embeddings), 'wx');
    const thumbnails = await open(join(unfinished, FILES.thumbnails), 'wx');
    let width = 0;
    async function* rows(): AsyncGenerator<GalleryRow> {
      let offset = 0;
      let index = 0;
      for await (const { photo, embedding, thumbnail } of entries) {
        if (index === 0) {
          width = embedding.length;
          await embeddings.writeFile(npyHeader(DTYPE, [photos, width]));
        }
        await embeddings.writeFile(new Uint8Array(toBytes(embedding).buffer));
        if (thumbnail === undefined) yield photo;
        else {
          const member = Buffer.concat(tarMember(`${String(index).padStart(9, '0')}.jpg`, thumbnail));
          await thumbnails.writeFile(member);
          yield { ...photo, thumbnail: [offset + TAR_HEADER, thumbnail.length] };
          offset += member.length;
        }
        index += 1;
      }
    }
    try {
      await writeJsonLinesFile(join(unfinished, FILES.photos), rows());
      await thumbnails.writeFile(TAR_END);
    } finally {
      await embeddings.close();
      await thumbnails.close();
    }
    const described: GalleryDescription = { schemaVersion: 1, ...description, width };
    await writeFile(join(unfinished, FILES.description), `${JSON.stringify(described, null, 2)}\n`);
  });
}
