import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does with one request for the file. */
export type Answer =
  | { cutAfter: number }
  /** Hangs up without an answer. */
  | 'hang up'
  /** Sends so many bytes, and then nothing more. */
  | { stallAfter: number }
  | { status: number; headers?: Record<string, string> }
  /** Says that the file is this much longer than it is. */
  | { longer: number }
  /** Says that the file is so long, and sends no more. */
  | { shorter: number }
  /** Sends no more of what was asked for than so many bytes, and says so. */
  | { short: number }
  /** Goes on from another place than it was asked to. */
  | { skip: number }
  | 'whole';

export interface FileServerOptions {
  /** Each path's bytes: `/weights.h5`. */
  files: Record<string, Buffer> | ((path: string) => Buffer | undefined);
  /**
   * What is done with the requests, in their order; the last one is for all that follow. Or what is done with a path, the first
   * time (0), the second and so on.
   */
  answers?: Answer[] | ((path: string, time: number) => Answer);
  /** Whether it goes on where the client left; default true. */
  ranges?: boolean;
  /** Whether it names the file's state, and heeds If-Range; default true. */
  tags?: boolean;
  /** Default: any that is free. */
  port?: number;
  /** More headers of the answers that carry the file. */
  headers?: (body: Buffer) => Record<string, string>;
}

/** A web server on this machine with some files, which treats its clients badly where it is told to. */
export async function fileServer({
  files,
  answers = ['whole'],
  ranges = true,
  tags = true,
  port = 0,
  headers,
}: FileServerOptions) {
  const asked: { path: string; range: string | undefined; headers: IncomingHttpHeaders }[] = [];
  let open = 0;
  let most = 0;
  const server = createServer((request, response) => {
    const path = request.url!;
    const { range, 'if-range': ifRange } = request.headers;
    const time = asked.filter((one) => one.path === path).length;
    const answer = Array.isArray(answers)
      ? answers[Math.min(asked.length, answers.length - 1)]!
      : answers(path, time);
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
    asked.push({ path, range, headers: request.headers });
    if (answer === 'hang up') return void request.socket.destroy();
    const bytes = typeof files === 'function' ? files(path) : files[path];
    if (bytes === undefined) return void response.writeHead(404).end();
    if (typeof answer === 'object' && 'status' in answer) {
      return void response.writeHead(answer.status, answer.headers).end('no');
    }
    const tag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}"`;
    const more = headers?.(bytes) ?? {};
    const same = ifRange === undefined || [tag, more['last-modified']].includes(ifRange as string);
    const start = ranges && same && range !== undefined ? Number(/\d+/.exec(range)![0]) : 0;
    if (start >= bytes.length) {
      return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    }
    const from = start > 0 && typeof answer === 'object' && 'skip' in answer ? start + answer.skip : start;
    const body = bytes.subarray(from, lastOf(answer, from));
    const longer = typeof answer === 'object' && 'longer' in answer ? answer.longer : 0;
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': body.length + longer,
      ...(tags && { etag: tag }),
      ...(start > 0 && { 'content-range': `bytes ${from}-${from + body.length - 1}/${bytes.length}` }),
      ...more,
    });
    send(response, body, answer);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The requests, in their order. */
    asked,
    /** The most requests that were under way at once. */
    most: () => most,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Where what is sent of a file ends. */
function lastOf(answer: Answer, from: number): number | undefined {
  if (typeof answer !== 'object') return undefined;
  if ('shorter' in answer) return answer.shorter;
  return 'short' in answer ? from + answer.short : undefined;
}

function send(response: ServerResponse, body: Buffer, answer: Answer): void {
  if (typeof answer === 'object' && 'cutAfter' in answer) {
    response.write(body.subarray(0, answer.cutAfter), () => setTimeout(() => response.destroy(), 100));
  } else if (typeof answer === 'object' && 'stallAfter' in answer) {
    response.write(body.subarray(0, answer.stallAfter));
  } else if (typeof answer === 'object' && 'longer' in answer) {
    response.write(body, () => setTimeout(() => response.destroy(), 100));
  } else response.end(body);
}
