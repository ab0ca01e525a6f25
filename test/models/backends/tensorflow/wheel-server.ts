import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, deflateRawSync } from 'node:zlib';
import { releaseFor } from '#src/models/backends/tensorflow/release.js';

export const release = releaseFor('tensorflow');
const tag = { linux: { x64: 'manylinux_2_27_x86_64', arm64: 'manylinux_2_27_aarch64' } } as Record<
  string,
  Record<string, string>
>;
export const WHEEL = `${release.project.replace('-', '_')}-${release.version}-cp310-cp310-${
  tag[process.platform]?.[process.arch] ?? 'macosx_12_0_arm64'
}.whl`;

/** A zip archive: names that end with `.stored` are not compressed. */
export function zip(files: Record<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const method = name.endsWith('.stored') ? 0 : 8;
    const packed = method === 0 ? bytes : deflateRawSync(bytes);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

/** Files of a wheel as small as it can be: the libraries are noise, so that it does not shrink. */
export function wheelContents(): Record<string, Buffer> {
  const [implementation, framework] = release.libraries;
  return {
    [`tensorflow/${implementation}`]: randomBytes(300_000),
    [`tensorflow/${framework}`]: randomBytes(50_000),
    'tensorflow/include/tensorflow/c/c_api.h': Buffer.from('// c_api\n'),
    'tensorflow/include/tensorflow/c/eager/c_api.h': Buffer.from('// eager\n'),
    'tensorflow/include/tensorflow/core/framework/op.h': Buffer.from('// not needed\n'),
    'tensorflow/python/__init__.py': Buffer.from('# not needed\n'),
    'tensorflow/THIRD_PARTY_NOTICES.txt': Buffer.from('notices\n'),
    'tensorflow_cpu-2.21.0.dist-info/METADATA': Buffer.from('Name: tensorflow_cpu\n'),
  };
}

/** How the server treats the wheel. */
export interface WheelServerOptions {
  wheel: Buffer;
  /** Answers to requests for the wheel break after so many bytes; the last one is for all that follow. */
  breakAfter?: number[];
  /** Whether it goes on where the client left; default true. */
  ranges?: boolean;
  html?: boolean;
  sha256?: string;
  /** User and password that it wants. */
  credentials?: string;
}

/** A package index on this machine with one wheel. */
export async function wheelServer(options: WheelServerOptions) {
  const { wheel, breakAfter = [], ranges = true, html = false, credentials } = options;
  const sha256 = options.sha256 ?? createHash('sha256').update(wheel).digest('hex');
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const wanted = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`;
    if (credentials !== undefined && request.headers.authorization !== wanted) {
      return void response.writeHead(401).end();
    }
    if (request.url === `/simple/${release.project}/`) {
      const other = WHEEL.replace(release.version, '1.0.0');
      if (html) {
        const link = (name: string, href: string) => `<a href="${href}#sha256=${sha256}">${name}</a><br/>`;
        response.setHeader('content-type', 'text/html');
        return void response.end(`${link(other, '../../files/o')}${link(WHEEL, `../../files/${WHEEL}`)}`);
      }
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      const file = (filename: string) => ({ filename, url: `../../files/${filename}`, hashes: { sha256 } });
      return void response.end(
        JSON.stringify({ files: [file(other), { ...file(WHEEL), size: wheel.length }] }),
      );
    }
    if (request.url !== `/files/${WHEEL}`) return void response.writeHead(404).end();
    const { range } = request.headers;
    const limit = breakAfter[Math.min(asked.length, breakAfter.length - 1)] ?? Number.POSITIVE_INFINITY;
    asked.push(range);
    const start = ranges && range !== undefined ? Number(/\d+/.exec(range)![0]) : 0;
    if (start >= wheel.length) return void response.writeHead(416).end();
    const body = wheel.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length });
    if (limit >= body.length) return void response.end(body);
    response.write(body.subarray(0, limit), () => setTimeout(() => response.destroy(), 100));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    index: `http://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${port}/simple/`,
    origin: `http://127.0.0.1:${port}`,
    /** The Range headers of the requests for the wheel. */
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
