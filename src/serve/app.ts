import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { attributionText } from '../attribution.js';
import { asPipelineError, PipelineError } from '../errors.js';
import type { Gallery } from '../similar/gallery.js';
import { describeIssues } from '../zod-issues.js';
import { admission } from './admission.js';
import { deadline } from './deadline.js';
import { failureOf, statusOf } from './failure.js';
import { refuseOtherNames, refuseOtherSites, requireToken, securityHeaders } from './guards.js';
import { createInstruments } from './instruments.js';
import { METRICS_TYPE } from './metrics.js';
import { openApiDocument } from './openapi.js';
import { readPageFiles } from './page-files.js';
import { photosOf } from './photos.js';
import { type BatchOptions, predictions, type Served } from './predictions.js';
import { type ModelAnswer, type PredictQuery, predictQuerySchema } from './schemas.js';

export interface AppOptions extends Served {
  /** Of the product. */
  version: string;
  /** That requests must bring; undefined: none. */
  token?: string | undefined;
  /** By which the server may be called besides `localhost` and addresses. */
  names: readonly string[];
  /** Whether it downloads photos for its clients. */
  allowUrls: boolean;
  limits: {
    /** Of one request. */
    bodyBytes: number;
    photos: number;
    timeoutMs: number;
    /** Of all requests together. */
    heldPhotos: number;
    heldBytes: number;
  };
  batch: BatchOptions;
  /** Told of each request once it is answered. */
  onRequest?: (request: AnsweredRequest) => void;
  /** Told of what is the server's own fault. */
  onFault?: (error: PipelineError) => void;
}

export interface AnsweredRequest {
  method: string;
  path: string;
  /** 499 where the client went away before. */
  status: number;
  milliseconds: number;
}

/** The HTTP API and the page, without a socket. */
export interface App {
  fetch: Hono['fetch'];
  request: Hono['request'];
  /** From now on says that it is closing, and that connections end with their answer. */
  beginClosing(): void;
}

/** Where a client went away: nginx's number, seen by nobody but logs and metrics. */
const CLIENT_GONE = 499;
const RETRY_AFTER_SECONDS = 1;
const A_YEAR = 'private, max-age=31536000, immutable';

export function createApp(options: AppOptions): App {
  const { predictor, judge, gallery, token, limits, names, allowUrls, onRequest, onFault } = options;
  const guard = admission({ photos: limits.heldPhotos, bytes: limits.heldBytes });
  const instruments = createInstruments(guard);
  const { predict, isBroken } = predictions(options, { batch: options.batch, instruments });
  const files = readPageFiles();
  let closing = false;

  const app = new Hono();
  app.use(async (context, next) => {
    const started = performance.now();
    await next();
    const milliseconds = performance.now() - started;
    const { method, path, raw } = context.req;
    const status = raw.signal.aborted ? CLIENT_GONE : context.res.status;
    const route = routeOf(path, files);
    instruments.requests.add({ method: METHODS.has(method) ? method : 'other', route, status: `${status}` });
    instruments.requestSeconds.observe(milliseconds / 1000, { route });
    if (closing) context.header('connection', 'close');
    onRequest?.({ method, path, status, milliseconds });
  });
  app.use(securityHeaders);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }));
  app.use(refuseOtherSites);
  if (token === undefined) app.use(refuseOtherNames(names));
  else for (const path of ['/v1/*', '/metrics']) app.use(path, requireToken(token));

  for (const [path, { type, body, etag }] of files) {
    app.get(path, (context) => {
      const headers = { 'cache-control': 'no-cache', etag };
      if (context.req.header('if-none-match') === etag) return context.body(null, 304, headers);
      return context.body(body, 200, { ...headers, 'content-type': type });
    });
  }
  app.get('/openapi.json', (context) =>
    context.json(openApiDocument({ version: options.version, token: token !== undefined })),
  );
  app.get('/healthz', (context) => {
    if (closing) return context.json({ status: 'closing' }, 503);
    return isBroken() ? context.json({ status: 'broken' }, 503) : context.json({ status: 'ok' });
  });
  app.get('/metrics', (context) =>
    context.body(instruments.metrics.text(), 200, { 'content-type': METRICS_TYPE }),
  );
  app.get('/v1/model', (context) =>
    context.json({
      tasks: predictor.tasks.map(({ name, classes, levels }) => ({
        name,
        classes: [...classes],
        levels: levels.map(({ level }) => level),
      })),
      backend: predictor.backend,
      rules: [...judge.said],
      gallery: gallery === undefined ? null : { photos: gallery.length, attribution: attributionOf(gallery) },
      limits: { bodyBytes: limits.bodyBytes, photos: limits.photos, urls: allowUrls },
    } satisfies ModelAnswer),
  );
  app.get('/v1/gallery/:id', async (context) => {
    const index = gallery?.find(context.req.param('id'));
    const thumbnail = index === undefined ? undefined : await gallery!.thumbnail(index);
    if (thumbnail === undefined) throw new PipelineError('NOT_FOUND', 'Expected a photo of the gallery');
    return context.body(new Uint8Array(thumbnail), 200, {
      'content-type': 'image/jpeg',
      'cache-control': A_YEAR,
    });
  });
  app.post('/v1/predict', async (context) => {
    const query = queryOf(context);
    const ticket = guard.enter();
    const { signal, clear } = deadline(context.req.raw.signal, limits.timeoutMs);
    try {
      const photos = await photosOf(context.req.raw, {
        signal,
        maxBytes: limits.bodyBytes,
        maxPhotos: limits.photos,
        allowUrls,
        onBytes: ticket.bytes,
        onPhotos: ticket.photos,
      });
      return context.json({ photos: await predict(photos, query, signal) });
    } finally {
      clear();
      ticket.leave();
    }
  });
  app.notFound((context) => answer(context, new PipelineError('NOT_FOUND', 'Expected a path of the API')));
  app.onError((error, context) => {
    const failure = error instanceof HTTPException ? invalid(error.message) : asPipelineError(error);
    if (statusOf(failure) === 500) onFault?.(failure);
    return answer(context, failure);
  });
  return {
    fetch: app.fetch,
    request: app.request,
    beginClosing() {
      closing = true;
    },
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A path as a label of few values. */
function routeOf(path: string, files: ReadonlyMap<string, unknown>): string {
  if (path.startsWith('/v1/gallery/')) return '/v1/gallery/:id';
  const known = ['/v1/predict', '/v1/model', '/healthz', '/metrics', '/openapi.json'];
  return known.includes(path) || files.has(path) ? path : 'other';
}

function attributionOf({ origin }: Gallery): string | null {
  if (origin === 'abo') return attributionText();
  return origin === 'drawn' ? 'The catalogue’s photos are drawn: none shows a real product.' : null;
}

function queryOf(context: Context): PredictQuery {
  const { success, data, error } = predictQuerySchema.safeParse(context.req.query(), { reportInput: true });
  if (success) return data;
  throw invalid(describeIssues(error.issues, () => Object.keys(predictQuerySchema.shape)).join('; '));
}

function invalid(message: string): PipelineError {
  return new PipelineError('REQUEST_INVALID', message, { hint: 'GET /openapi.json says what can be asked.' });
}

function refuseMethod(context: Context, methods: string[]): Response {
  const allowed = methods.join(', ');
  const error = failureOf(invalid(`Expected ${allowed} but received ${context.req.method}`));
  return context.json({ error }, 405, { allow: allowed });
}

function answer(context: Context, failure: PipelineError): Response {
  const status = statusOf(failure);
  return context.json({ error: failureOf(failure) }, status, {
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  });
}
