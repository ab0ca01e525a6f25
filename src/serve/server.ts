import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { PipelineError } from '../errors.js';
import type { App } from './app.js';

export interface RunningServer {
  /** Where it answers. */
  url: string;
  /**
   * Takes no more requests, answers those that are under way, and ends.
   * @param graceMs how long they may take; connections that are open then are cut.
   * @returns whether all were answered.
   */
  close(graceMs: number): Promise<boolean>;
}

/** Longer than the 60 seconds after which proxies commonly drop an idle connection: they must not meet one that just closed. */
const KEEP_ALIVE_MS = 65_000;
/** How often Node looks for requests that take too long to arrive. */
const CHECK_MS = 1000;

/**
 * Listens.
 * @param options.port 0: any that is free.
 * @param options.timeoutMs how long a request may take to arrive; Node answers 408 then.
 * @throws {PipelineError} `ADDRESS_UNAVAILABLE`
 */
export async function listen(
  app: App,
  { host, port, timeoutMs }: { host: string; port: number; timeoutMs: number },
): Promise<RunningServer> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      requestTimeout: timeoutMs,
      headersTimeout: timeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(unavailable(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { address, port: actual, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    async close(graceMs) {
      app.beginClosing();
      let whole = true;
      const timer = setTimeout(() => {
        whole = false;
        server.closeAllConnections();
      }, graceMs);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(timer);
      return whole;
    },
  };
}

function unavailable(error: NodeJS.ErrnoException, host: string, port: number): PipelineError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'another process listens there'
      : error.code === 'EACCES'
        ? 'this user may not listen there'
        : 'this machine has no such address';
  return new PipelineError('ADDRESS_UNAVAILABLE', `Expected ${host}, port ${port}, to be free but ${why}`, {
    hint: 'Name another --port or --host; --port 0 takes any that is free.',
    cause: error,
  });
}
