import { z } from 'zod';
import {
  failureAnswerSchema,
  healthAnswerSchema,
  modelAnswerSchema,
  predictAnswerSchema,
  predictQuerySchema,
  urlRequestSchema,
} from './schemas.js';

const bytes = { type: 'string', format: 'binary' };
const json = (id: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${id}` } } });
const failed = (description: string) => ({ description, content: json('FailureAnswer') });
const overloaded = {
  ...failed('More is asked than can be answered, or the server is closing'),
  headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } },
};

/**
 * The OpenAPI 3.1 document of the HTTP API.
 * @param options.token whether requests need one.
 */
export function openApiDocument({ version, token }: { version: string; token: boolean }): object {
  const guarded = token ? { security: [{ token: [] }] } : {};
  const refused = { ...(token && { 401: failed('No token, or a wrong one') }) };
  return {
    openapi: '3.1.0',
    info: { title: 'abo-pipeline', version, description: 'What trained models say of product photos.' },
    paths: {
      '/v1/predict': {
        post: {
          operationId: 'predict',
          summary: 'What photos show',
          ...guarded,
          parameters: parametersOf(predictQuerySchema),
          requestBody: {
            required: true,
            content: {
              'image/*': { schema: bytes },
              'application/octet-stream': { schema: bytes },
              'multipart/form-data': {
                schema: { type: 'object', properties: { photo: { type: 'array', items: bytes } } },
              },
              ...json('UrlRequest'),
            },
          },
          responses: {
            200: {
              description: 'Every photo’s labels, or why one of several could not be read',
              content: json('PredictAnswer'),
            },
            400: failed('A query, form or document that cannot be read'),
            ...refused,
            403: failed('What the server does not do: download photos, or answer another site’s page'),
            413: failed('More bytes or photos than one request may have'),
            415: failed('Another content type'),
            422: failed('The one photo that was sent is no image, is damaged, or has too many pixels'),
            502: failed('The photo could not be downloaded'),
            503: overloaded,
          },
        },
      },
      '/v1/model': {
        get: {
          operationId: 'model',
          summary: 'What the models can say, and what the server takes',
          ...guarded,
          responses: { 200: { description: 'It', content: json('ModelAnswer') }, ...refused },
        },
      },
      '/v1/gallery/{id}': {
        get: {
          operationId: 'gallery',
          summary: 'A small JPEG of a catalogue photo',
          ...guarded,
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: {
            200: { description: 'It', content: { 'image/jpeg': { schema: bytes } } },
            ...refused,
            404: failed('No such photo'),
          },
        },
      },
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'Whether it answers',
          responses: {
            200: { description: 'It does', content: json('HealthAnswer') },
            503: {
              description: 'It is closing, or its models answer no more',
              content: json('HealthAnswer'),
            },
          },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Figures for Prometheus',
          ...guarded,
          responses: { 200: { description: 'Its text format', content: { 'text/plain': {} } }, ...refused },
        },
      },
    },
    components: {
      schemas: schemas(),
      ...(token && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

/** All schemas that have a name, with references between them. */
function schemas(): Record<string, object> {
  const all = z.tuple([
    failureAnswerSchema,
    healthAnswerSchema,
    modelAnswerSchema,
    predictAnswerSchema,
    urlRequestSchema,
  ]);
  const named = JSON.stringify(z.toJSONSchema(all).$defs);
  return JSON.parse(named.replaceAll('#/$defs/', '#/components/schemas/')) as Record<string, object>;
}

function parametersOf(query: z.ZodObject): object[] {
  const { properties = {} } = z.toJSONSchema(query);
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { description?: string };
    return { name, in: 'query', required: false, description, schema: rest };
  });
}
