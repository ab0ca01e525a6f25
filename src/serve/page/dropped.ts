/** Files that were dropped, and whether folders were among them. */
export interface Dropped {
  files: File[];
  folders: boolean;
}

const paths = new WeakMap<File, string>();

/** A file's name with the folders that it was dropped, or chosen, in. */
export function pathOf(file: File): string {
  return paths.get(file) ?? (file.webkitRelativePath === '' ? file.name : file.webkitRelativePath);
}

/** What was dropped, folders with all that lies in them. Call it while the event is handled: afterwards nothing is told. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<Dropped> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return { files: [...files], folders: false };
  return { files: (await Promise.all(entries.map(filesOf))).flat(), folders: true };
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    paths.set(file, entry.fullPath.replace(/^\//, ''));
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  while (true) {
    // Some at a time; none is the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return files;
    for (const one of some) files.push(...(await filesOf(one)));
  }
}
