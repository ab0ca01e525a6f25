import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';

/** A folder that is gone when `dispose` was called. */
export async function temporaryFolder(name: string): Promise<{ path: string; dispose(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `abo-${name}-`));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}

/** A folder with room for so many bytes; undefined, and said so, where none can be mounted. */
export async function smallDisk(
  path: string,
  bytes: number,
): Promise<{ path: string; resize(bytes: number): void; dispose(): void } | undefined> {
  const mount = (...args: string[]) => execFileSync('mount', [...args, path], { stdio: 'ignore' });
  await mkdir(path);
  try {
    mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs');
  } catch {
    console.warn('SKIPPED: no small disk can be mounted here');
    return undefined;
  }
  return {
    path,
    resize: (more) => mount('-o', `remount,size=${more}`),
    dispose: () => execFileSync('umount', ['-l', path]),
  };
}

/** A real JPEG of one colour with a darker bar, so that photos of different `seed` are different pictures. */
export function jpeg(seed: number, { width = 64, height = 48, quality = 90 } = {}): Promise<Buffer> {
  const channel = (shift: number) => (97 * seed + shift) % 200;
  const bars = Array.from({ length: 4 }, (_, bar) => {
    const x = ((seed * 13 + bar * 29) % 10) * (width / 10);
    const y = ((seed * 7 + bar * 17) % 8) * (height / 8);
    return `<rect x="${x}" y="${y}" width="${width / 4}" height="${height / 4}" fill="rgb(${channel(bar * 50)},${channel(30 + bar)},${channel(90)})"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>${bars.join('')}</svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality }).toBuffer();
}

/** A dump made by hand: rows by shard (objects, or text as it is), and the table with each image's bytes. */
export interface HandmadeDump {
  shards: Record<string, readonly (object | string)[] | Buffer>;
  /** Bytes undefined: in the table and not on the disk; `path` default `xx/ID.jpg`. */
  images: readonly { id: string; bytes?: Buffer; path?: string }[];
  /** Rows of the table as they are. */
  tableRows?: readonly string[];
}

export async function writeDump(
  root: string,
  { shards, images, tableRows = [] }: HandmadeDump,
): Promise<void> {
  for (const folder of ['listings/metadata', 'images/metadata', 'images/small']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const [name, rows] of Object.entries(shards)) {
    const bytes = Buffer.isBuffer(rows)
      ? rows
      : Buffer.from(rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''));
    await writeFile(
      join(root, 'listings/metadata', name),
      name.endsWith('.gz') && !Buffer.isBuffer(rows) ? gzipSync(bytes) : bytes,
    );
  }
  const lines = ['image_id,height,width,path'];
  for (const { id, bytes, path = `xx/${id}.jpg` } of images) {
    lines.push(`${id},480,640,${path}`);
    if (bytes === undefined) continue;
    const file = join(root, 'images/small', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await writeFile(
    join(root, 'images/metadata/images.csv.gz'),
    gzipSync(`${[...lines, ...tableRows].join('\n')}\n`),
  );
}

/** A row as ABO ships one. */
export function listing(
  itemId: string,
  type: string | undefined,
  main: string | undefined,
  more: object = {},
) {
  return {
    item_id: itemId,
    marketplace: 'Amazon',
    country: 'US',
    item_name: [{ language_tag: 'en_US', value: `Item ${itemId}` }],
    ...(type !== undefined && { product_type: [{ value: type }] }),
    ...(main !== undefined && { main_image_id: main }),
    ...more,
  };
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

const BIN = fileURLToPath(new URL('../bin/pipeline', import.meta.url));

/** Runs `bin/pipeline` as users do, in a process of its own. */
export function pipeline(
  args: readonly string[],
  options: { input?: string | Buffer; cwd?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    // Whoever runs the tests may want colours.
    env: { ...process.env, FORCE_COLOR: '', ...options.env },
    stdio: 'pipe',
  });
  const done = new Promise<Finished>((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
  // A filter that ends early closes its stdin: that is its right.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return Object.assign(done, { child });
}

/** JSON lines as records. */
export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
