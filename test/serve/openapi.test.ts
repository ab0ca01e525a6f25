import { expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '#src/serve/openapi.js';
import { DAMAGED, form, photo, testedApp } from './served.js';

interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >;
  components: { schemas: Record<string, object> };
}

const documentOf = (token = false) => openApiDocument({ version: '1.2.3', token }) as Document;

/** What an operation promises for a status, as a schema; `$ref`s are kept, with what they name beside them. */
function promised({ paths, components }: Document, path: string, method: string, status: number): z.ZodType {
  const schema = paths[path]![method]!.responses[status]!.content!['application/json']!.schema!;
  const local = JSON.stringify({ ...schema, $defs: components.schemas });
  return z.fromJSONSchema(JSON.parse(local.replaceAll('#/components/schemas/', '#/$defs/')));
}

it('is what answers are', async () => {
  const { app, post } = testedApp();
  const document = (await (await app.request('http://localhost/openapi.json')).json()) as Document;
  expect(document.openapi).toBe('3.1.0');
  const get = (path: string) => app.request(`http://localhost${path}`);
  const answers: [path: string, method: string, answer: Response][] = [
    ['/v1/predict', 'post', await post(form(photo(0), DAMAGED))],
    ['/v1/predict', 'post', await post(DAMAGED)],
    ['/v1/predict', 'post', await post('text', { headers: { 'content-type': 'text/plain' } })],
    ['/v1/predict', 'post', await post(photo(0), { query: '?top=0' })],
    ['/v1/predict', 'post', await post(photo(0, 1001))],
    ['/v1/model', 'get', await get('/v1/model')],
    ['/v1/gallery/{id}', 'get', await get('/v1/gallery/none')],
    ['/healthz', 'get', await get('/healthz')],
  ];
  expect(answers.map(([, , { status }]) => status)).toEqual([200, 422, 415, 400, 413, 200, 404, 200]);
  for (const [path, method, answer] of answers) {
    promised(document, path, method, answer.status).parse(await answer.json());
  }
  // It would not take anything.
  expect(promised(document, '/v1/predict', 'post', 200).safeParse({ photos: [{}] }).success).toBe(false);
});

it('names nothing that it does not hold', () => {
  const document = documentOf();
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name!,
  );
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(document.components.schemas).toHaveProperty(name);
});

it('asks for a token where the server does', () => {
  expect(JSON.stringify(documentOf(false))).not.toContain('security');
  expect(documentOf(true)).toMatchObject({
    paths: { '/v1/predict': { post: { security: [{ token: [] }], responses: { 401: {} } } } },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  });
});
