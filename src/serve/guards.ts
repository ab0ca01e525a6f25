import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { PipelineError } from '../errors.js';

/**
 * What every answer carries: the page runs nothing but its own files, asks nobody but this server, and stands in no other
 * page; no answer is taken for another type than it says.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
};

/**
 * Refuses requests without the token (`Authorization: Bearer …`). Digests are compared, so that the time it takes says
 * nothing of the token, its length neither.
 */
export function requireToken(token: string): MiddlewareHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return async (context, next) => {
    const [, given = ''] = /^bearer +(.+)$/i.exec(context.req.header('authorization') ?? '') ?? [];
    if (!timingSafeEqual(digest(given), wanted)) {
      throw new PipelineError('TOKEN_MISSING', 'Expected the server’s token but received none, or another', {
        hint: 'Send it as `Authorization: Bearer TOKEN`.',
      });
    }
    await next();
  };
}

/**
 * Refuses what a page of another site makes a browser send: it could not read the answer, but would keep the server busy.
 * Browsers say where a request comes from to https and to this very machine; to others they name the page's origin.
 */
export const refuseOtherSites: MiddlewareHandler = async (context, next) => {
  const site = context.req.header('sec-fetch-site') ?? siteByOrigin(context);
  const navigation = context.req.header('sec-fetch-mode') === 'navigate' && context.req.method === 'GET';
  if (site !== undefined && !['same-origin', 'none'].includes(site) && !navigation) {
    throw new PipelineError(
      'REQUEST_REFUSED',
      'Expected a request of the server’s own page but it is another site’s',
    );
  }
  await next();
};

function siteByOrigin({ req }: Context): 'cross-site' | undefined {
  const origin = req.header('origin');
  const own = URL.canParse(origin ?? '') && new URL(origin!).host === new URL(req.url).host;
  return origin === undefined || own ? undefined : 'cross-site';
}

/**
 * Refuses requests that call the server by a name it does not have: a name that a stranger's site points at this machine
 * (DNS rebinding) would let that site's page read what only this machine may. Addresses are never such names.
 * @param names besides `localhost`.
 */
export function refuseOtherNames(names: readonly string[]): MiddlewareHandler {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  return async (context, next) => {
    const { hostname } = new URL(context.req.url);
    if (isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && !known.has(hostname)) {
      throw new PipelineError(
        'REQUEST_REFUSED',
        `Expected a name of this server but received "${hostname}"`,
        {
          hint: `Behind a proxy: \`pipeline serve --allow-host ${hostname}\`.`,
        },
      );
    }
    await next();
  };
}
