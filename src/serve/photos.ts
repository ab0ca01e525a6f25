import { PipelineError } from '../errors.js';
import { readBody } from './body.js';
import { fetchPhoto } from './fetch-photo.js';
import { urlRequestSchema } from './schemas.js';

/** A photo that a request brought. */
export interface SentPhoto {
  /** As the client calls it; undefined where it did not say. */
  name?: string;
  bytes: Uint8Array;
}

export interface SentPhotoOptions {
  signal: AbortSignal;
  /** Of a request's body, and of a photo that is downloaded. */
  maxBytes: number;
  /** Of one request. */
  maxPhotos: number;
  /** Whether the server downloads photos for its clients. */
  allowUrls: boolean;
  /** Told of bytes before they are held. */
  onBytes: (more: number) => void;
  /** Told how many photos there are before more is done with them. */
  onPhotos: (count: number) => void;
}

/**
 * The photos of a request: its body itself, the files of a form, or the one that a JSON document names by `url`.
 * @throws {PipelineError} `MEDIA_TYPE_UNSUPPORTED`, `REQUEST_INVALID`, `REQUEST_REFUSED`, `REQUEST_TOO_LARGE`; as `fetchPhoto`.
 */
export async function photosOf(request: Request, options: SentPhotoOptions): Promise<SentPhoto[]> {
  const header = request.headers.get('content-type') ?? '';
  const type = header.split(';')[0]!.trim().toLowerCase();
  if (type.startsWith('image/') || type === 'application/octet-stream') {
    return [{ bytes: await readBody(request, options) }];
  }
  if (type === 'multipart/form-data') return ofForm(await readBody(request, options), header, options);
  if (type === 'application/json') return [await ofUrl(await readBody(request, options), options)];
  throw new PipelineError(
    'MEDIA_TYPE_UNSUPPORTED',
    `Expected a photo, a form or JSON but received ${type === '' ? 'no content type' : `"${type}"`}`,
    {
      hint: "Send image/*, application/octet-stream, multipart/form-data or application/json; curl names another type unless told: -H 'content-type: image/jpeg'.",
    },
  );
}

async function ofForm(
  body: Buffer,
  contentType: string,
  { maxPhotos, onPhotos }: SentPhotoOptions,
): Promise<SentPhoto[]> {
  const boundary = /boundary="?([^";]+)/i.exec(contentType)?.[1];
  // A part is parsed whatever it holds, and all of them in one go.
  if (boundary !== undefined && partsIn(body, boundary, maxPhotos + MOST_FIELDS) > maxPhotos + MOST_FIELDS)
    throw tooMany(maxPhotos, 'more');
  let form: FormData;
  try {
    form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw new PipelineError('REQUEST_INVALID', 'Expected a form but it cannot be read', { cause: error });
  }
  const files = [...form.values()].filter((value) => typeof value !== 'string');
  if (files.length === 0)
    throw new PipelineError('REQUEST_INVALID', 'Expected files in the form but found none');
  if (files.length > maxPhotos) throw tooMany(maxPhotos, files.length);
  onPhotos(files.length);
  return Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
}

/** Parts of a form that are no photos. */
const MOST_FIELDS = 32;

/** How many parts a form has; counted as far as one more than `most`. */
function partsIn(body: Buffer, boundary: string, most: number): number {
  const mark = `--${boundary}`;
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0 && count <= most + 1; at = body.indexOf(mark, at + mark.length))
    count += 1;
  // The last mark is the end's.
  return count - 1;
}

function tooMany(most: number, received: number | 'more'): PipelineError {
  return new PipelineError('REQUEST_TOO_LARGE', `Expected at most ${most} photos but received ${received}`, {
    hint: 'Send them in several requests.',
  });
}

async function ofUrl(body: Buffer, options: SentPhotoOptions): Promise<SentPhoto> {
  if (!options.allowUrls) {
    throw new PipelineError('REQUEST_REFUSED', 'Expected a photo but received its address', {
      hint: 'Upload it; `pipeline serve --allow-urls` downloads photos.',
    });
  }
  const { success, data } = urlRequestSchema.safeParse(parsed(body));
  if (!success) {
    throw new PipelineError('REQUEST_INVALID', 'Expected a JSON document such as {"url": "https://…"}');
  }
  return { name: data.url, bytes: await fetchPhoto(data.url, options) };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
