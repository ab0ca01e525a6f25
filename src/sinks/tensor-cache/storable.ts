import { z } from 'zod';
import { PipelineError } from '../../errors.js';
import { MAX_PIXELS } from '../../kernels/decode.js';
import { FILTERS, FITS } from '../../kernels/fit.js';
import { readJpegHeader } from '../../kernels/jpeg-header.js';
import { STORAGES } from '../../kernels/jpeg-storage.js';
import { SIDES } from '../../records.js';
import { describeIssues } from '../../zod-issues.js';
import type { CacheIdentity, WrittenSample } from './cache.js';
import { samplesName } from './databases.js';
import { storesJpegs, valueBytes } from './same-identity.js';

const side = z.int().min(1).max(MAX_PIXELS);
/** What sizes and kinds of values depend on; the rest is text that is compared. */
const identitySchema = z.discriminatedUnion('kind', [
  z
    .looseObject({
      kind: z.literal('pixels'),
      height: side,
      width: side,
      channels: z.literal(3),
      fit: z.enum(FITS),
      filter: z.enum(FILTERS).optional(),
      decoder: z.enum(['turbo', 'sharp']),
      storage: z.enum(STORAGES).optional(),
    })
    .refine(({ height, width }) => height * width <= MAX_PIXELS, { error: 'a photo of fewer pixels' }),
  z.looseObject({ kind: z.literal('vectors'), length: z.int().min(1), dtype: z.literal('float32') }),
]);

const SHA256 = /^[0-9a-f]{64}$/;
/** Bytes of a database's name; LMDB takes up to 1,978. */
const LONGEST_NAME = 1024;

/** @throws {PipelineError} `USAGE` for what no cache can be of. */
export function assertPossible(identity: CacheIdentity): void {
  const { error } = identitySchema.safeParse(identity, { reportInput: true });
  if (error === undefined) return;
  throw new PipelineError(
    'USAGE',
    `Expected a cache’s identity: ${describeIssues(error.issues).join('; ')}`,
    {
      hint: '`pixelIdentity` makes one.',
    },
  );
}

/** @throws {PipelineError} `USAGE` for what is no sha256 in lowercase hex. */
export function assertPhotoName(sha256: unknown): void {
  if (typeof sha256 === 'string' && SHA256.test(sha256)) return;
  throw wrong('the sha256 of a photo’s file, in lowercase hex', sha256);
}

/** @throws {RangeError} for a value that is none of a cache's. */
export function assertStorable(identity: CacheIdentity, value: Uint8Array): void {
  // Another realm's too.
  if (!ArrayBuffer.isView(value) || (value as Partial<Uint8Array>).BYTES_PER_ELEMENT !== 1) {
    throw new RangeError('Expected a Uint8Array but received another value');
  }
  if (storesJpegs(identity)) {
    const header = readJpegHeader(Buffer.from(value.buffer, value.byteOffset, value.length));
    const { width, height } = identity;
    if (header?.width === width && header.height === height && header.components === 3) return;
    throw new RangeError(`Expected a JPEG of ${width} × ${height} RGB pixels but received another value`);
  }
  const bytes = valueBytes(identity);
  if (value.length === bytes) return;
  throw new RangeError(`Expected ${bytes} bytes but received ${value.length}`);
}

/** @throws {PipelineError} `USAGE` for a name that LMDB could not take, and for samples that are none. */
export function assertSamples(task: unknown, hash: unknown, samples: readonly WrittenSample[]): void {
  for (const name of [task, hash]) if (typeof name !== 'string' || name === '') throw wrong('a name', name);
  const name = samplesName(task as string, hash as string);
  if (Buffer.byteLength(name) > LONGEST_NAME) throw wrong(`at most ${LONGEST_NAME} bytes of names`, name);
  if (!Array.isArray(samples)) throw wrong('a list of samples', samples);
  for (const sample of samples as unknown[]) {
    const { sha256, label, split, component } = (sample ?? {}) as Partial<WrittenSample>;
    assertPhotoName(sha256);
    if (typeof label !== 'string') throw wrong(`a label for ${sha256}`, label);
    if (!SIDES.some((side) => side === split)) throw wrong(`one of ${SIDES.join(', ')} for ${sha256}`, split);
    if (typeof component !== 'string') throw wrong(`a component for ${sha256}`, component);
  }
}

function wrong(wanted: string, received: unknown): PipelineError {
  const text = JSON.stringify(received) ?? String(received);
  return new PipelineError('USAGE', `Expected ${wanted} but received ${text.slice(0, 80)}`);
}
