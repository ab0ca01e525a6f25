import sharp from 'sharp';
import { readPhotoFile } from '../photo-file.js';

const QUALITY = 70;
/** A picture with more pixels than this is not worth the memory that a thumbnail of it would take. */
const MOST_PIXELS = 64_000_000;

/**
 * A photo as a small JPEG, upright, on white where it is transparent; undefined where it cannot be read.
 * @param place a path, or a member of an archive.
 * @param edge its longest side, in pixels; smaller photos keep their size.
 */
export async function thumbnail(place: string, edge: number): Promise<Buffer | undefined> {
  try {
    return await sharp(readPhotoFile(place), { limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#fff' })
      .jpeg({ quality: QUALITY })
      .toBuffer();
  } catch {
    return undefined;
  }
}
