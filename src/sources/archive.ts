import { basename, posix } from 'node:path';
import type { EventBus } from '../events.js';
import type { Inside } from '../inside.js';
import { placeOf } from '../place.js';
import { tarEntries } from './tar.js';

/** A tar archive whose members are read where they lie; about 150 bytes a member. */
export interface Archive {
  /** Absolute. */
  readonly path: string;
  /** The members' names, in their order in the archive. */
  names(): Iterable<string>;
  look(name: string): Inside;
  /** Where a member's bytes are; undefined where there is none. */
  place(name: string): string | undefined;
}

/** What may be had while an archive's headers are read: gigabytes from a cold disk take a while. */
export interface Opening {
  signal: AbortSignal;
  /** Told how far it got. */
  events?: EventBus;
}

const MEMBERS_A_MESSAGE = 4096;

/**
 * Reads an archive's headers once. As where it is unpacked, the last of several members of one name counts, and a member
 * whose name leads out of the folder is none.
 * @param path absolute.
 * @throws {PipelineError} `INPUT_INVALID` for a damaged, cut or compressed archive, `ABORTED`.
 */
export async function indexArchive(path: string, { signal, events }: Opening): Promise<Archive> {
  const members = new Map<string, { offset: number; size: number } | 'outside'>();
  const hint = 'Fetch it again: ABO’s archives are plain tar files, which `gunzip` makes of compressed ones.';
  for await (const { name, offset, size } of tarEntries(path, { signal, hint })) {
    members.set(plainName(name), leadsOut(name) ? 'outside' : { offset, size });
    if (events === undefined || members.size % MEMBERS_A_MESSAGE > 0) continue;
    events.emit({ type: 'progress', stage: basename(path), done: members.size, unit: 'members' });
  }
  return {
    path,
    names: () => members.keys(),
    look(name) {
      const member = members.get(name);
      if (member === undefined) return 'file-missing';
      return member === 'outside' ? 'path-outside' : 'there';
    },
    place(name) {
      const member = members.get(name);
      return member === undefined || member === 'outside' ? undefined : placeOf({ archive: path, ...member });
    },
  };
}

/** The name as the dump's files have it: `./a//b` and `/a/b` are `a/b`. */
function plainName(name: string): string {
  return posix.normalize(name).replace(/^\/+/, '');
}

function leadsOut(name: string): boolean {
  return name.startsWith('/') || name.split('/').includes('..');
}
