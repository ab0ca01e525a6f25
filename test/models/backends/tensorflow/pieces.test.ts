import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBackend } from '#src/models/backends/index.js';
import {
  backendsFolder,
  folderName,
  installed,
  listInstalled,
  RECEIPT,
} from '#src/models/backends/tensorflow/cache-folder.js';
import { requiredCuda, searchCuda } from '#src/models/backends/tensorflow/cuda.js';
import { untar } from '#src/models/backends/tensorflow/npm-package.js';
import { hostPlatform, VERSION } from '#src/models/backends/tensorflow/release.js';
import { temporaryFolder } from '../../../fixtures.js';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder('pieces');
});
afterEach(() => root.dispose());

it('untar gives the files that tar packs', async () => {
  const long = `${'long/'.repeat(25)}file`;
  const files = { a: 'one', 'folder/b': 'x'.repeat(1500), empty: '', [long]: 'deep' };
  for (const [name, text] of Object.entries(files)) {
    const path = join(root.path, 'package', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
  const packed = execFileSync('tar', ['-cz', '--format=ustar', '-C', root.path, 'package'], {
    maxBuffer: 1e8,
  });
  const found = Object.fromEntries((await untar(packed)).map(({ name, bytes }) => [name, bytes.toString()]));
  expect(found).toEqual(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`package/${name}`, text])),
  );
});

describe('CUDA', () => {
  it('is what the wheel’s extra asks for, found in pip’s packages', async () => {
    const metadata = [
      'Requires-Dist: numpy>=1.26.0',
      'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      'Requires-Dist: nvidia-cuda-nvcc-cu12<13.0,>=12.5.82; extra == "and-cuda"',
      'Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"',
    ].join('\n');
    const required = requiredCuda(metadata);
    expect(required).toEqual(['libcuda.so.1', 'libcublas.so.12', 'libcublasLt.so.12', 'libcudnn.so.9']);
    const lib = join(root.path, 'site-packages/nvidia/cudnn/lib');
    await mkdir(lib, { recursive: true });
    await writeFile(join(lib, 'libcudnn.so.9'), '');
    const { found, pip } = await searchCuda(required, {
      folders: Promise.resolve([join(root.path, 'site-packages')]),
      env: {},
    });
    expect(pip).toBe(join(root.path, 'site-packages/nvidia'));
    expect(found.get('libcudnn.so.9')).toBe(lib);
  });
});

describe('a backend that is not installed', () => {
  it.each(['tensorflow', 'tensorflow-gpu'] as const)('is an error by its name: %s', async (name) => {
    await expect(startBackend(name)).rejects.toEqual(
      expect.objectContaining({
        code: 'BACKEND_UNAVAILABLE',
        hint: `Install it: pipeline backend install ${name}`,
      }),
    );
  });

  it('is passed over by auto', async () => {
    const { name, stop } = await startBackend('auto');
    await stop();
    expect(name).not.toMatch(/^tensorflow/);
  });
});

it('counts an installation whose libraries are gone as none, and takes no relative cache folder', async () => {
  const cache = await temporaryFolder('gone');
  const path = join(
    cache.path,
    folderName({ name: 'tensorflow', version: VERSION, platform: hostPlatform() }),
  );
  await mkdir(join(path, 'tensorflow'), { recursive: true });
  await writeFile(join(path, RECEIPT), '{"name":"tensorflow"}');
  const files = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'tfjs_binding.node'];
  for (const file of files) await writeFile(join(path, 'tensorflow', file), '');
  expect(installed('tensorflow', cache.path)).toMatchObject({ name: 'tensorflow' });
  await rm(join(path, 'tensorflow', files[1]!));
  expect(installed('tensorflow', cache.path)).toBeUndefined();
  expect(await listInstalled(cache.path)).toEqual([]);
  await cache.dispose();
  expect(backendsFolder({ XDG_CACHE_HOME: 'relative' })).toBe(backendsFolder({}));
});

it('counts an installation whose receipt is damaged as none', async () => {
  const cache = await temporaryFolder('receipt');
  const name = folderName({ name: 'tensorflow', version: VERSION, platform: hostPlatform() });
  await mkdir(join(cache.path, name), { recursive: true });
  await writeFile(join(cache.path, name, RECEIPT), '');
  expect(installed('tensorflow', cache.path)).toBeUndefined();
  expect(await listInstalled(cache.path)).toEqual([]);
  await cache.dispose();
});
