import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBus } from '#src/events.js';
import { proxyHint } from '#src/http.js';
import { installed, listInstalled } from '#src/models/backends/tensorflow/cache-folder.js';
import { complaintsOf, findCompiler } from '#src/models/backends/tensorflow/compile.js';
import { type InstallOptions, installBackend } from '#src/models/backends/tensorflow/install.js';
import { putInPlace } from '#src/models/backends/tensorflow/leftovers.js';
import { removeInstalled } from '#src/models/backends/tensorflow/uninstall.js';
import { pipeline, temporaryFolder } from '../../../fixtures.js';
import { WHEEL, type WheelServerOptions, wheelContents, wheelServer, zip } from './wheel-server.js';

const COMPILER = '#!/bin/sh\nargs="$0 $*"\nwhile [ "$1" != -o ]; do shift; done\necho "$args" > "$2"\n';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let bin: string;
let wheel: string;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  root = await temporaryFolder('changes');
  folder = join(root.path, 'backends');
  bin = join(root.path, 'bin');
  wheel = join(root.path, WHEEL);
  await mkdir(bin);
  await program('c++', COMPILER);
  await writeFile(wheel, zip(wheelContents()));
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await root.dispose();
});

async function program(name: string, text: string) {
  await writeFile(join(bin, name), text);
  await chmod(join(bin, name), 0o755);
}

async function serve(options: WheelServerOptions) {
  const server = await wheelServer(options);
  closers.push(server.close);
  return server;
}

const install = (options: Partial<InstallOptions>) =>
  installBackend({
    name: 'tensorflow',
    events: eventBus(),
    signal: new AbortController().signal,
    folder,
    env: { PATH: bin },
    tryOut: async () => ({ device: 'a test' }),
    ...options,
  });

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it did not fail'),
    (error) => error,
  );
const code = (name: string, message = '') =>
  expect.objectContaining({ code: name, message: expect.stringContaining(message) });

describe('removing a backend', () => {
  it('waits for nobody: while one is installed it is refused', async () => {
    await install({ from: wheel });
    const tryOut = async () => {
      await expect(removeInstalled('tensorflow', folder)).rejects.toEqual(code('RUN_LOCKED'));
      return { device: 'a test' };
    };
    const { path } = await install({ from: wheel, force: true, tryOut });
    expect(existsSync(path)).toBe(true);
  });

  it('takes its downloads along, and nobody else’s', async () => {
    const { index } = await serve({ wheel: await readFile(wheel), breakAfter: [120_000, 0] });
    await expect(install({ index })).rejects.toEqual(code('DOWNLOAD_FAILED'));
    const other = 'other-2.21.0-cp310-cp310-any.whl.part';
    await writeFile(join(folder, 'downloads', other), '');
    const { paths, bytes } = await removeInstalled('tensorflow', folder);
    expect(paths).toEqual([expect.stringMatching(`[0-9a-f]{16}-${WHEEL}.part$`)]);
    expect(bytes).toBe(120_000);
    expect(await readdir(join(folder, 'downloads'))).toEqual([other]);
  });
});

describe('a download', () => {
  it('of another project stays when an installation is finished', async () => {
    const { index } = await serve({ wheel: await readFile(wheel) });
    await mkdir(join(folder, 'downloads'), { recursive: true });
    await writeFile(join(folder, 'downloads', 'other-1.whl.part'), 'half');
    await install({ index });
    expect(await readdir(join(folder, 'downloads'))).toEqual(['other-1.whl.part']);
  });

  it('goes on only with the same file', async () => {
    const first = await serve({ wheel: zip(wheelContents()), breakAfter: [120_000, 0] });
    await expect(install({ index: first.index })).rejects.toEqual(code('DOWNLOAD_FAILED'));
    const second = await serve({ wheel: await readFile(wheel) });
    await install({ index: second.index });
    expect(second.asked).toEqual([undefined]);
    expect(existsSync(join(folder, 'downloads'))).toBe(false);
  });

  it('that is there needs no room a second time', async () => {
    const bytes = await readFile(wheel);
    const { index, asked } = await serve({ wheel: bytes });
    await program('c++', '#!/bin/sh\nexit 1\n');
    await expect(install({ index })).rejects.toEqual(code('COMPILE_FAILED'));
    await program('c++', COMPILER);
    await install({ index, freeBytes: async () => bytes.length * 3.4 });
    expect(asked).toHaveLength(1);
  });
});

it('makes an installation again whose addon another version of the package compiled, and no other', async () => {
  const { path } = await install({ from: wheel });
  const addon = join(path, 'mute.cc');
  const source = await readFile(addon, 'utf8');
  const devices: (string | undefined)[] = [];
  const again = async () => devices.push((await install({ from: wheel })).device);
  await again();
  await writeFile(addon, source.replace('lock', 'lock_of_old'));
  await again();
  await again();
  await rm(addon);
  await again();
  expect(devices).toEqual([undefined, 'a test', undefined, 'a test']);
  expect(await readFile(addon, 'utf8')).toBe(source);
});

describe('what the user names is checked before any work', () => {
  it.each(['', 'nonsense', 'file:///wheels', 'ftp://me:s3cret@host/simple', 'http://me:100%@host/'])(
    'an index %j',
    async (index) => {
      const failure = await failureOf(install({ index }));
      expect(failure).toEqual(code('USAGE', 'Expected --index to be an http or https URL'));
      expect(failure.message).not.toMatch(/s3cret|100%/);
      expect(existsSync(folder)).toBe(false);
    },
  );

  it('PIP_INDEX_URL and npm’s registry, by their names', async () => {
    const env = { PATH: bin, PIP_INDEX_URL: 'nonsense' };
    await expect(install({ env })).rejects.toEqual(code('USAGE', 'PIP_INDEX_URL'));
    const registry = { PATH: bin, npm_config_registry: 'nonsense' };
    const packages = { resolve: () => undefined };
    await expect(install({ from: wheel, env: registry, packages })).rejects.toEqual(
      code('USAGE', 'npm_config_registry'),
    );
  });

  it('a wheel that is a folder, that is not there, or beside an index', async () => {
    const place = join(root.path, 'folder', WHEEL);
    await mkdir(place, { recursive: true });
    await expect(install({ from: place })).rejects.toEqual(code('USAGE', 'there is a folder'));
    await expect(install({ from: join(root.path, 'no') })).rejects.toEqual(code('NOT_FOUND', 'is none'));
    await expect(install({ from: wheel, index: 'https://pypi.org/simple' })).rejects.toEqual(
      code('USAGE', '--from or --index'),
    );
  });

  it('the folder, by its name', async () => {
    await writeFile(join(root.path, 'file'), '');
    const failure = await failureOf(install({ from: wheel, folder: join(root.path, 'file', 'backends') }));
    expect(failure).toEqual(code('USAGE', join(root.path, 'file', 'backends')));
    expect(failure.hint).toContain('XDG_CACHE_HOME');
  });
});

describe('an index that is none', () => {
  const whole = { filename: WHEEL, hashes: { sha256: '0'.repeat(64) } };
  it.each([
    ['no JSON', 'oops'],
    ['no files', '{"meta":{}}'],
    ['files of another kind', '{"files":[{"name":1}]}'],
    ['an address that is none', JSON.stringify({ files: [{ ...whole, url: 'http://' }] })],
    ['a file that is not on the web', JSON.stringify({ files: [{ ...whole, url: 'file:///etc/hosts' }] })],
  ])('is said to be so: %s', async (_, text) => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(text);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => new Promise((done) => server.close(done)));
    const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
    const failure = await failureOf(install({ index }));
    expect(failure).toEqual(code('DOWNLOAD_FAILED', 'Expected a page of a Python package index'));
    expect(failure.cause).toBeInstanceOf(Error);
  });
});

describe('the compiler', () => {
  it('may have arguments, as in a makefile', async () => {
    await program('ccache', COMPILER);
    const { path } = await install({ from: wheel, env: { PATH: bin, CXX: ' ccache  g++ -m64' } });
    const call = await readFile(join(path, 'tensorflow', 'tfjs_binding.node'), 'utf8');
    expect(call).toMatch(new RegExp(`^${join(bin, 'ccache')} g\\+\\+ -m64 -std=c\\+\\+17 `));
  });

  it('may have spaces in its path, and is no folder', async () => {
    await program('my c++', COMPILER);
    expect(findCompiler({ CXX: join(bin, 'my c++') })).toEqual([join(bin, 'my c++')]);
    expect(() => findCompiler({ CXX: bin })).toThrow(code('COMPILER_MISSING'));
  });

  it('has its first errors told', async () => {
    await program(
      'c++',
      '#!/bin/sh\nprintf "In file a.h:\\na.h:1: error: one\\na.h:2: error: two\\n" >&2\nexit 1\n',
    );
    const failure = await failureOf(install({ from: wheel }));
    expect(failure).toEqual(code('COMPILE_FAILED'));
    expect(failure.cause.message).toBe('a.h:1: error: one');
    expect(failure.hint).toMatch(/^a\.h:2: error: two\n {2}It takes a compiler/);
    await program('c++', '#!/bin/sh\necho "fatal error: cstdint: No such file or directory" >&2\nexit 1\n');
    expect((await failureOf(install({ from: wheel }))).hint).toMatch(/cstdint is missing/);
    expect(complaintsOf('one\n\ntwo\n')).toEqual(['one', 'two']);
  });
});

describe('an installation that was killed', () => {
  it('is not listed, and is cleaned up by the next one', async () => {
    const { path } = await install({ from: wheel });
    await cp(path, `${path}.unfinished`, { recursive: true });
    await cp(path, join(folder, 'tensorflow-1.0.0-x.unfinished'), { recursive: true });
    expect(await listInstalled(folder)).toEqual([expect.objectContaining({ path })]);
    await install({ from: wheel });
    expect((await readdir(folder)).sort()).toEqual(['install.lock', path.slice(folder.length + 1)]);
  });

  it('between the two renames has the old one back', async () => {
    const { path } = await install({ from: wheel });
    await rename(path, `${path}.replaced`);
    expect(await listInstalled(folder)).toEqual([]);
    expect(await install({ from: wheel })).toEqual(expect.objectContaining({ path }));
    expect(installed('tensorflow', folder)).toBeDefined();
    expect(existsSync(`${path}.replaced`)).toBe(false);
  });

  it('loses the old one only when the new one is in its place', async () => {
    const { path } = await install({ from: wheel });
    await expect(putInPlace(join(folder, 'nothing.unfinished'), path)).rejects.toEqual(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(installed('tensorflow', folder)).toBeDefined();
    await rm(path, { recursive: true });
    expect(await install({ from: wheel, force: true })).toHaveProperty('device');
  });
});

it('an unused proxy is named where nobody answers', () => {
  expect(proxyHint({})).toBe('');
  expect(proxyHint({ HTTPS_PROXY: 'http://proxy' })).toContain('NODE_USE_ENV_PROXY=1');
  expect(proxyHint({ HTTPS_PROXY: 'http://proxy', NODE_USE_ENV_PROXY: '1' })).toBe('');
});

it('pipeline backend install says what is wrong with its options, by exit status 2', async () => {
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = join(root.path, 'cache');
  try {
    for (const options of [
      ['--index', ''],
      ['--from', wheel, '--index', 'https://pypi.org/simple'],
    ]) {
      const { code, stderr } = await pipeline(['backend', 'install', 'tensorflow', ...options]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('USAGE: Expected --') });
    }
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  }
});
