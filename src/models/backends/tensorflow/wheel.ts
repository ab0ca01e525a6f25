import { rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PipelineError } from '../../../errors.js';
import type { EventBus } from '../../../events.js';
import type { Release } from './release.js';
import { unzipEntry, type ZipEntry, zipEntries } from './zip.js';

/** The C headers that the addon includes, by way of each other. */
const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/(eager\/)?[^/]+\.h|(tensorflow\/core|(tensorflow\/)?tsl)\/platform\/ctstring\w*\.h|(xla|tensorflow\/compiler\/xla)\/tsl\/c\/\w+\.h)$/;
const NOTICES =
  /^tensorflow\/THIRD_PARTY_NOTICES\.txt$|\.dist-info\/(licenses\/)?(METADATA|LICENSE[^/]*|NOTICE[^/]*)$/;

/**
 * Looks at a wheel that a user names.
 * @throws {PipelineError} `NOT_FOUND` where there is none, `USAGE` where it is no file or another release's.
 */
export async function expectWheel(wheel: string, release: Release): Promise<void> {
  const { project, version, wheelSuffix } = release;
  const found = await stat(wheel).catch((error: NodeJS.ErrnoException) => {
    throw new PipelineError('NOT_FOUND', `Expected a wheel at ${wheel} but there is none`, {
      hint: 'Without --from it is downloaded.',
      cause: error,
    });
  });
  if (!found.isFile()) {
    throw new PipelineError(
      'USAGE',
      `Expected a wheel at ${wheel} but there is ${found.isDirectory() ? 'a folder' : 'no regular file'}`,
    );
  }
  const file = basename(wheel);
  if (!file.startsWith(`${project.replaceAll('-', '_')}-${version}-`) || !wheelSuffix.test(file)) {
    throw new PipelineError(
      'USAGE',
      `Expected a wheel of ${project} ${version} for ${release.platform} but received ${file}`,
      { hint: `pip download --no-deps ${project}==${version} gets it on a machine like this one.` },
    );
  }
}

/**
 * What is needed of a wheel: two libraries, the C headers, and the notices.
 * @throws {PipelineError} `DOWNLOAD_CORRUPT` where it is no wheel, or lacks them.
 */
export async function wheelFiles(wheel: string, { libraries }: Release): Promise<ZipEntry[]> {
  const entries = await zipEntries(wheel);
  const paths = libraries.map((name) => `tensorflow/${name}`);
  const needed = entries.filter(
    ({ name }) => paths.includes(name) || HEADERS.test(name) || NOTICES.test(name),
  );
  const missing = paths.find((path) => !needed.some(({ name }) => name === path));
  if (missing !== undefined) {
    throw new PipelineError(
      'DOWNLOAD_CORRUPT',
      `Expected ${missing} in ${basename(wheel)} but it is not there`,
      {
        hint: 'Get the wheel again.',
      },
    );
  }
  return needed;
}

/** Unpacks those files; METADATA goes to the top, whatever its folder is called. */
export async function unpackWheel(
  wheel: string,
  files: readonly ZipEntry[],
  folder: string,
  { signal, events }: { signal: AbortSignal; events: EventBus },
): Promise<void> {
  const total = Math.round(files.reduce((sum, { size }) => sum + size, 0) / 1e6);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    events.emit({ type: 'progress', stage: 'unpack', done: Math.round(done / 1e6), total, unit: 'MB' });
  };
  for (const entry of files) {
    await unzipEntry(wheel, entry, folder, { signal, onBytes });
    if (entry.name.endsWith('.dist-info/METADATA')) {
      await rename(join(folder, entry.name), join(folder, 'METADATA'));
    }
  }
}
