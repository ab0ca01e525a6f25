import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { PipelineError } from '../../../errors.js';
import { expectSuccess, get, webAddress } from '../../../http.js';
import { hints } from './hints.js';
import type { NpmPackage } from './release.js';

export interface PackageSources {
  /** A folder that may hold tarballs as `npm pack NAME@VERSION` makes them: for machines without a network. */
  beside?: string;
  /** The npm registry. */
  registry: string;
  signal: AbortSignal;
  /** Finds installed packages; default: those that this program sees. */
  resolve?: (request: string) => string | undefined;
}

/** The registry that npm would ask. */
export function defaultRegistry(env: NodeJS.ProcessEnv = process.env): string {
  return env['npm_config_registry'] || env['NPM_CONFIG_REGISTRY'] || 'https://registry.npmjs.org';
}

/**
 * Puts a package's files into a folder: copied from an installed one of the same version, else from a tarball, which
 * has to have the published hash. Its install scripts do not run.
 * @throws {PipelineError} `DOWNLOAD_FAILED`, `DOWNLOAD_CORRUPT`
 */
export async function placePackage(pkg: NpmPackage, folder: string, sources: PackageSources): Promise<void> {
  const { resolve = resolveInstalled } = sources;
  const manifest = resolve(`${pkg.name}/package.json`);
  if (manifest !== undefined && versionOf(manifest) === pkg.version) {
    const root = dirname(manifest);
    // Not what npm nested in it, nor an addon that its own install script made.
    const filter = (path: string) => !/^\/(node_modules|lib|deps|build)(\/|$)/.test(path.slice(root.length));
    await cp(root, folder, { recursive: true, dereference: true, filter });
    return;
  }
  const tarball = await fetchTarball(pkg, sources);
  for (const { name, bytes } of await untar(tarball)) {
    // All of a package lies under one folder, usually `package/`.
    const inside = normalize(name.slice(name.indexOf('/') + 1));
    if (inside.startsWith('..')) throw corrupt(pkg, `Expected paths inside the package but ${name}`);
    const target = join(folder, inside);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

function resolveInstalled(request: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(request);
  } catch {
    return undefined;
  }
}

const versionOf = (manifest: string) =>
  (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;

const corrupt = (pkg: NpmPackage, message: string) =>
  new PipelineError('DOWNLOAD_CORRUPT', message, {
    key: `${pkg.name}@${pkg.version}`,
    hint: 'Another registry: npm_config_registry=https://registry.npmjs.org',
  });

async function fetchTarball(pkg: NpmPackage, { beside, registry, signal }: PackageSources): Promise<Buffer> {
  const { name, version, integrity } = pkg;
  const packed = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  const local = beside === undefined ? undefined : join(beside, packed);
  let tarball: Buffer;
  if (local !== undefined && existsSync(local)) tarball = await readFile(local);
  else {
    webAddress(registry, "npm's registry (npm_config_registry)", hints.example);
    const url = `${registry.replace(/\/*$/, '')}/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
    try {
      const response = await get(url, { signal, offline: hints.offline });
      expectSuccess(response, url, hints.missing);
      tarball = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code === 'ABORTED') throw error;
      throw new PipelineError(
        'DOWNLOAD_FAILED',
        `Expected the npm package ${name}@${version} but it did not come`,
        {
          hint: `Without a network, put what \`npm pack ${name}@${version}\` makes (${packed}) beside the wheel of --from.`,
          cause: error,
        },
      );
    }
  }
  const [algorithm, expected] = integrity.split('-', 2) as [string, string];
  if (createHash(algorithm).update(tarball).digest('base64') !== expected) {
    throw corrupt(pkg, `Expected the published ${packed} but it has another hash`);
  }
  return tarball;
}

const BLOCK = 512;

/** The files of a gzipped tar archive (POSIX ustar; npm's are). */
export async function untar(tarball: Buffer): Promise<{ name: string; bytes: Buffer }[]> {
  const archive = await promisify(gunzip)(tarball);
  const files: { name: string; bytes: Buffer }[] = [];
  const text = (at: number, length: number) =>
    archive.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const prefix = text(at + 345, 155);
    const type = text(at + 156, 1);
    if (type === '0' || type === '') {
      const name = prefix === '' ? text(at, 100) : `${prefix}/${text(at, 100)}`;
      files.push({ name, bytes: archive.subarray(at + BLOCK, at + BLOCK + size) });
    }
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  return files;
}
