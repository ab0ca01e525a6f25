import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { lookInside, placeInside, staysInside } from '../inside.js';
import type { Archive } from './archive.js';
import { filesIdentity, folderIdentity } from './files-identity.js';
import type { ImagesRoot } from './source.js';

/** Photos that are the files of a folder. */
export function imagesInFolder(folder: string): ImagesRoot {
  const path = resolve(folder);
  let real: Promise<string> | undefined;
  return {
    path,
    async look(photo) {
      real ??= realpath(path).catch(() => path);
      return lookInside(await real, photo);
    },
    placeOf: (photo) => placeInside(path, photo),
    identity: (signal) => folderIdentity(path, signal),
  };
}

/** Photos that are the members of an archive, under a folder's name. */
export function imagesInArchive(archive: Archive, folder: string): ImagesRoot {
  const path = join(archive.path, folder);
  // A path that goes out and in again is inside, as on the disk.
  const nameOf = (photo: string) => relative(archive.path, resolve(path, photo));
  return {
    path,
    look: async (photo) => (staysInside(path, photo) ? archive.look(nameOf(photo)) : 'path-outside'),
    // What is not there has a name all the same, for whoever looks there to say so.
    placeOf: (photo) => archive.place(nameOf(photo)) ?? resolve(path, photo),
    identity: () => filesIdentity([archive.path], archive.path),
  };
}
