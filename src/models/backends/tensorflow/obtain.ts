import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { downloadMeter } from '../../../download/meter.js';
import { download } from '../../../download.js';
import { PipelineError } from '../../../errors.js';
import type { EventBus } from '../../../events.js';
import { webAddress } from '../../../http.js';
import { expectRoom, type FreeBytes } from '../../../room.js';
import { hints } from './hints.js';
import { downloadsIn } from './leftovers.js';
import type { Release } from './release.js';
import { expectWheel } from './wheel.js';
import { defaultIndex, findWheel } from './wheel-index.js';

/** Where the wheel comes from: a file of the user's, or an index; undefined for the one that pip would ask. */
export type WheelSource = { file: string } | { index: URL | undefined };

/**
 * Checks what the user named, before any work is done.
 * @throws {PipelineError} `USAGE`, `NOT_FOUND`
 */
export async function sourceOf(
  { from, index }: { from?: string; index?: string },
  release: Release,
): Promise<WheelSource> {
  if (from === undefined)
    return { index: index === undefined ? undefined : webAddress(index, '--index', hints.example) };
  if (index !== undefined) {
    throw new PipelineError('USAGE', 'Expected --from or --index but received both', {
      hint: 'A wheel that is here already needs no index.',
    });
  }
  const file = resolve(from);
  await expectWheel(file, release);
  return { file };
}

/** A wheel to its unpacked libraries: 3.1 measured; headers, the addon and JavaScript are nothing beside them. */
const UNPACKED_PER_PACKED = 3.3;

/** What a user can do where there is no room for a backend. */
export const NO_ROOM = 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.';

interface ObtainOptions {
  release: Release;
  /** Of backends. */
  folder: string;
  env: NodeJS.ProcessEnv;
  events: EventBus;
  signal: AbortSignal;
  freeBytes?: FreeBytes;
}

/**
 * The wheel's path, and its own name: downloaded, or the one that was given.
 * @throws {PipelineError} as `findWheel` and `download` do, and `DISK_FULL`.
 */
export async function obtainWheel(
  source: WheelSource,
  { release, folder, env, events, signal, freeBytes }: ObtainOptions,
): Promise<{ wheel: string; filename: string }> {
  if ('file' in source) return { wheel: source.file, filename: basename(source.file) };
  const { filename, url, sha256, size } = await findWheel(release, source.index ?? defaultIndex(env), signal);
  // By its hash: what another index or an earlier file of this name left is another file.
  const wheel = join(downloadsIn(folder), `${sha256.slice(0, 16)}-${filename}`);
  if (size !== undefined) {
    const there = (await sizeOf(wheel)) ?? (await sizeOf(`${wheel}.part`)) ?? 0;
    await expectRoom(folder, size * (1 + UNPACKED_PER_PACKED) - there, { hint: NO_ROOM, freeBytes });
  }
  events.emit({ type: 'message', level: 'info', text: `Downloading ${filename}` });
  const checksum = { algorithm: 'sha256', hex: sha256 } as const;
  await download({ url, checksum, file: wheel, onBytes: downloadMeter(events)(filename), signal, hints });
  return { wheel, filename };
}

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size;
