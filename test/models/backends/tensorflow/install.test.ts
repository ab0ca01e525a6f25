import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBus, type PipelineEvent } from '#src/events.js';
import { installed, listInstalled } from '#src/models/backends/tensorflow/cache-folder.js';
import { findCompiler } from '#src/models/backends/tensorflow/compile.js';
import { type InstallOptions, installBackend } from '#src/models/backends/tensorflow/install.js';
import { releaseFor } from '#src/models/backends/tensorflow/release.js';
import { removeInstalled } from '#src/models/backends/tensorflow/uninstall.js';
import { pipeline, temporaryFolder } from '../../../fixtures.js';
import { release, WHEEL, type WheelServerOptions, wheelContents, wheelServer, zip } from './wheel-server.js';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let env: NodeJS.ProcessEnv;
const servers: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  root = await temporaryFolder('install');
  folder = join(root.path, 'backends');
  // A compiler that writes down what it was asked, as the addon.
  const compiler = join(root.path, 'bin', 'c++');
  await mkdir(join(root.path, 'bin'));
  await writeFile(
    compiler,
    '#!/bin/sh\nargs="$*"\nwhile [ "$1" != -o ]; do shift; done\necho "$args" > "$2"\n',
  );
  await chmod(compiler, 0o755);
  env = { PATH: join(root.path, 'bin') };
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await root.dispose();
});

async function serve(options: WheelServerOptions) {
  const server = await wheelServer(options);
  servers.push(server);
  return server;
}

function install(options: Partial<InstallOptions>) {
  const events = eventBus();
  const seen: PipelineEvent[] = [];
  events.events.subscribe((event) => seen.push(event));
  const done = installBackend({
    name: 'tensorflow',
    events,
    signal: new AbortController().signal,
    folder,
    env,
    tryOut: async (path) => {
      // What is tried is all there, and compiled.
      await readFile(join(path, 'tensorflow', 'tfjs_binding.node'));
      return { device: 'a test' };
    },
    ...options,
  });
  return Object.assign(done, { seen });
}

const code = (name: string) => expect.objectContaining({ code: name });

describe('installing a backend', () => {
  it.each([{ html: false }, { html: true }])(
    'takes what it needs of the wheel of an index %o',
    async (how) => {
      const contents = wheelContents();
      const { index } = await serve({ wheel: zip(contents), ...how });
      const work = install({ index });
      const result = await work;
      expect(result).toMatchObject({
        name: 'tensorflow',
        version: release.version,
        wheel: WHEEL,
        device: 'a test',
      });
      const inside = (await readdir(join(result.path, 'tensorflow'), { recursive: true })).sort();
      expect(inside.filter((name) => /\.(so|dylib|node|h|txt|py)/.test(name))).toEqual(
        [
          ...release.libraries,
          'THIRD_PARTY_NOTICES.txt',
          'include/tensorflow/c/c_api.h',
          'include/tensorflow/c/eager/c_api.h',
          'tfjs_binding.node',
        ].sort(),
      );
      for (const name of release.libraries) {
        expect(await readFile(join(result.path, 'tensorflow', name))).toEqual(contents[`tensorflow/${name}`]);
      }
      const call = await readFile(join(result.path, 'tensorflow', 'tfjs_binding.node'), 'utf8');
      expect(call).toContain('-std=c++17');
      expect(call).toMatch(/tfjs_backend\.cc .*tfjs_binding\.cc .*-rpath,(\$ORIGIN|@loader_path)/);
      // Nothing else is left, and it is found again.
      expect((await readdir(folder)).sort()).toEqual([
        'install.lock',
        `tensorflow-${release.version}-${release.platform}`,
      ]);
      expect(installed('tensorflow', folder)).toEqual(expect.objectContaining({ path: result.path }));
      expect(await listInstalled(folder)).toHaveLength(1);
      expect(result.bytes).toBeGreaterThan(350_000);
      expect(work.seen).toContainEqual(expect.objectContaining({ type: 'progress', stage: 'unpack' }));
      // Once is enough, unless forced.
      expect(await install({ index: 'http://127.0.0.1:1/' })).not.toHaveProperty('device');
      expect(await install({ index, force: true })).toHaveProperty('device');
    },
  );

  it('takes a wheel that is here, and no other release’s', async () => {
    const wheel = join(root.path, WHEEL);
    await writeFile(wheel, zip(wheelContents()));
    const other = join(root.path, WHEEL.replace(release.version, '2.9.1'));
    await writeFile(other, '');
    await expect(install({ from: other })).rejects.toEqual(code('USAGE'));
    await expect(install({ from: join(root.path, 'x', WHEEL) })).rejects.toEqual(code('NOT_FOUND'));
    expect((await install({ from: wheel })).wheel).toBe(WHEEL);
    // It stays the user's.
    expect(await readdir(root.path)).toContain(WHEEL);
  });

  it('gives an index its name and password, and says them to nobody', async () => {
    const { index } = await serve({ wheel: zip(wheelContents()), credentials: 'me:s3cret' });
    expect(await install({ index })).toHaveProperty('device');
    const missing = await install({ index: index.replace('simple', 'other'), force: true }).catch(
      (error) => error,
    );
    expect(missing).toEqual(code('DOWNLOAD_FAILED'));
    expect(`${missing.message} ${missing.hint}`).not.toContain('s3cret');
  });
});

describe('an interrupted download', () => {
  it('goes on where it was, within a call', async () => {
    const wheel = zip(wheelContents());
    const { index, asked } = await serve({ wheel, breakAfter: [100_000, 150_000, Number.POSITIVE_INFINITY] });
    await install({ index });
    expect(asked).toEqual([undefined, 'bytes=100000-', 'bytes=250000-']);
  });

  it('goes on in the next call, and is checked as a whole', async () => {
    const wheel = zip(wheelContents());
    const broken = await serve({ wheel, breakAfter: [120_000, 0] });
    const failure = await install({ index: broken.index }).catch((error) => error);
    expect(failure).toEqual(code('DOWNLOAD_FAILED'));
    expect(failure.hint).toContain('goes on');
    expect(installed('tensorflow', folder)).toBeUndefined();
    const { index, asked } = await serve({ wheel });
    await install({ index });
    expect(asked).toEqual(['bytes=120000-']);
  });

  it('starts again where the server cannot go on', async () => {
    const wheel = zip(wheelContents());
    const { index, asked } = await serve({
      wheel,
      breakAfter: [90_000, Number.POSITIVE_INFINITY],
      ranges: false,
    });
    await install({ index });
    expect(asked).toHaveLength(2);
  });

  it('can be cancelled', async () => {
    const { index } = await serve({ wheel: zip(wheelContents()), breakAfter: [50_000, 0] });
    const controller = new AbortController();
    const work = install({ index, signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toEqual(code('ABORTED'));
  });
});

describe('installing fails clearly', () => {
  const wheel = zip(wheelContents());

  it('when the wheel is another than the index says: it is thrown away', async () => {
    const { index } = await serve({ wheel, sha256: '0'.repeat(64) });
    await expect(install({ index })).rejects.toEqual(code('DOWNLOAD_CORRUPT'));
    expect(await readdir(join(folder, 'downloads'))).toEqual([]);
  });

  it('when the wheel is damaged', async () => {
    const path = join(root.path, WHEEL);
    const damaged = Buffer.from(wheel);
    damaged.fill(7, 1000, 60_000);
    await writeFile(path, damaged);
    await expect(install({ from: path })).rejects.toEqual(code('DOWNLOAD_CORRUPT'));
    await writeFile(path, wheel.subarray(0, wheel.length - 400));
    await expect(install({ from: path })).rejects.toEqual(code('DOWNLOAD_CORRUPT'));
    expect(await readdir(folder)).toEqual(['install.lock']);
  });

  it('when there is no compiler, before anything is downloaded', async () => {
    const { index, asked } = await serve({ wheel });
    const failure = await install({ index, env: { PATH: join(root.path, 'nothing') } }).catch(
      (error) => error,
    );
    expect(failure).toEqual(code('COMPILER_MISSING'));
    expect(failure.hint).toMatch(/apt-get install g\+\+|xcode-select/);
    expect(asked).toEqual([]);
    expect(() => findCompiler({ CXX: '/nowhere/c++' })).toThrow(
      expect.objectContaining({ code: 'COMPILER_MISSING', hint: expect.stringContaining('CXX') }),
    );
  });

  it('when the compiler fails, with its complaint', async () => {
    const { index } = await serve({ wheel });
    const compiler = join(root.path, 'bin', 'c++');
    await writeFile(compiler, '#!/bin/sh\necho "tfjs_backend.cc:1:1: error: no such thing" >&2\nexit 1\n');
    const failure = await install({ index }).catch((error) => error);
    expect(failure).toEqual(code('COMPILE_FAILED'));
    expect(failure.cause.message).toBe('tfjs_backend.cc:1:1: error: no such thing');
    // The download is kept for the next attempt.
    expect(await readdir(join(folder, 'downloads'))).toEqual([
      expect.stringMatching(`^[0-9a-f]{16}-${WHEEL}$`),
    ]);
  });

  it('when what was compiled does not compute: nothing is installed', async () => {
    const { index } = await serve({ wheel });
    // The compiler's output is no addon: the real trial finds that out.
    const failure = await installBackend({
      name: 'tensorflow',
      events: eventBus(),
      signal: new AbortController().signal,
      folder,
      env,
      index,
    }).catch((error) => error);
    expect(failure).toEqual(code('BACKEND_UNAVAILABLE'));
    expect(failure.cause.message).toContain('.node');
    expect(installed('tensorflow', folder)).toBeUndefined();
  });

  it('when the disk is too small, before and after the download', async () => {
    const { index, asked } = await serve({ wheel });
    const first = await install({ index, freeBytes: async () => 1e6 }).catch((error) => error);
    expect(first).toEqual(code('DISK_FULL'));
    expect(first.message).toMatch(/Expected 2 MB free .* but there are 1 MB/);
    expect(asked).toEqual([]);
    const path = join(root.path, WHEEL);
    await writeFile(path, wheel);
    await expect(install({ from: path, freeBytes: async () => 300_000 })).rejects.toEqual(code('DISK_FULL'));
  });

  it('when there is no network, no such wheel, or no such platform', async () => {
    const offline = await install({ index: 'http://127.0.0.1:1/simple' }).catch((error) => error);
    expect(offline).toEqual(code('DOWNLOAD_FAILED'));
    expect(offline.hint).toContain('--from');
    const { index } = await serve({ wheel });
    await expect(install({ index: index.replace('simple', 'none') })).rejects.toEqual(
      code('DOWNLOAD_FAILED'),
    );
    expect(() => releaseFor('tensorflow', 'win32-x64')).toThrow(code('BACKEND_UNAVAILABLE'));
    expect(() => releaseFor('tensorflow-gpu', 'darwin-arm64')).toThrow(code('BACKEND_UNAVAILABLE'));
    expect(() => releaseFor('tensorflow', 'linux-x64-musl')).toThrow(/linux-x64-musl/);
  });

  it('when npm gives another package than the published one', async () => {
    const server = await serve({ wheel });
    const packages = { resolve: () => undefined };
    const path = join(root.path, WHEEL);
    await writeFile(path, wheel);
    await writeFile(join(root.path, 'tensorflow-tfjs-node-gpu-4.22.0.tgz'), 'something else');
    await expect(install({ from: path, packages })).rejects.toEqual(code('DOWNLOAD_CORRUPT'));
    const registry = { ...env, npm_config_registry: server.origin };
    await expect(install({ index: server.index, packages, env: registry })).rejects.toEqual(
      code('DOWNLOAD_FAILED'),
    );
  });
});

describe('pipeline backend', () => {
  it('lists and removes', async () => {
    const cache = join(root.path, 'cache');
    const home = join(cache, 'abo-pipeline', 'backends');
    const wheel = join(root.path, WHEEL);
    await writeFile(wheel, zip(wheelContents()));
    const { path, bytes } = await install({ from: wheel, folder: home });
    const before = process.env['XDG_CACHE_HOME'];
    process.env['XDG_CACHE_HOME'] = cache;
    try {
      const listed = await pipeline(['backend', 'list', '--json']);
      expect(JSON.parse(listed.stdout)).toMatchObject({
        folder: home,
        installed: [{ name: 'tensorflow', path, bytes }],
      });
      expect((await pipeline(['backend', 'list'])).stdout).toContain(path);
      expect((await pipeline(['backend', 'remove', 'tensorflow-gpu'])).code).toBe(2);
      expect(await pipeline(['backend', 'remove', 'tensorflow'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(path),
      });
      expect((await pipeline(['backend', 'list'])).stdout).toBe('nothing is installed\n');
      expect(await pipeline(['backend', 'install', 'pytorch'])).toMatchObject({ code: 2 });
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
    }
    await expect(removeInstalled('tensorflow', home)).rejects.toEqual(code('USAGE'));
  });
});
