// Compiles TypeScript and the AssemblyScript kernels into dist/; does nothing when no source has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist/.sources');
const kernels = 'src/kernels/assembly';
const kernelsStamp = join(root, 'dist/.kernels');

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

const isStamped = (file, digest) => existsSync(file) && readFileSync(file, 'utf8') === digest;

const lock = join(root, 'package-lock.json');
const digest = digestOf([...sources('src'), join(root, 'tsconfig.json'), lock]);
if (isStamped(stamp, digest)) process.exit(0);

function run(command, args) {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function assemble(file, out, options = []) {
  const always = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
  run('asc', [join(kernels, file), '-o', `dist/kernels/${out}`, ...always, ...options]);
}

function assembleAll() {
  for (const file of readdirSync(join(root, kernels)).filter((name) => name.endsWith('.ts'))) {
    const name = file.replace(/\.ts$/, '');
    assemble(file, `${name}.wasm`);
    // The same for memory that threads share, all 4 GiB of it: another type to WebAssembly.
    if (name === 'training') {
      assemble(file, `${name}-shared.wasm`, [
        '--enable',
        'threads',
        '--sharedMemory',
        '--maximumMemory',
        '65536',
      ]);
    }
  }
}

/** What a browser runs has its own types, and beside its scripts files that are served as they are. */
function buildPage(folder) {
  run('tsc', ['-p', join('src', folder)]);
  const from = join(root, 'src', folder);
  for (const file of readdirSync(from).filter((name) => /\.(html|css|svg)$/.test(name))) {
    copyFileSync(join(from, file), join(root, 'dist', folder, file));
  }
}

// Compiling kernels takes longer than all else, and few changes are theirs.
const kernelsDigest = digestOf([...sources(kernels), fileURLToPath(import.meta.url), lock]);
const compiled = isStamped(kernelsStamp, kernelsDigest)
  ? sources('dist/kernels').filter((file) => file.endsWith('.wasm'))
  : [];
const kept = compiled.map((file) => [file, readFileSync(file)]);
rmSync(join(root, 'dist'), { recursive: true, force: true });
mkdirSync(join(root, 'dist/kernels'), { recursive: true });
if (kept.length === 0) assembleAll();
for (const [file, bytes] of kept) writeFileSync(file, bytes);
writeFileSync(kernelsStamp, kernelsDigest);
run('tsc', ['-p', '.']);
buildPage('serve/page');
writeFileSync(stamp, digest);
