import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

const DESCRIPTION = `Send a silly face, and let the other player guess which one it is.

Every POST needs an \`Idempotency-Key\`, new for each new request: a repeat with the same key and body takes no effect and gets
the same answer. Everything but signing up and logging in needs the token of a session. Every failure but the 503
of health is \`application/problem+json\` with a stable \`code\`.`;

/** How the routes' schemas become the document, with what all of them have in common. */
export const openApi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Silly Face Society', description: DESCRIPTION, version: '1' },
    components: { securitySchemes: { session: { type: 'http', scheme: 'bearer' } } },
    security: [{ session: [] }],
  },
  transform: (route) => {
    const { schema, url } = jsonSchemaTransform(route);
    if (schema.hide) return { schema, url };
    return {
      url,
      schema: {
        ...schema,
        ...(route.route.method === 'POST' && { headers: IDEMPOTENCY_KEY }),
        ...(schema.consumes?.includes('multipart/form-data') && { body: SUBMISSION_FORM }),
        response: { ...(schema.response as object), '4XX': PROBLEM, '5XX': PROBLEM },
      },
    };
  },
  transformObject: jsonSchemaTransformObject,
};

const IDEMPOTENCY_KEY = {
  type: 'object',
  required: ['Idempotency-Key'],
  properties: { 'Idempotency-Key': { type: 'string', minLength: 1, maxLength: 255 } },
};

/** Parsed as a stream, and so in no zod schema. */
const SUBMISSION_FORM = {
  type: 'object',
  required: ['face', 'photo'],
  properties: {
    face: { type: 'string', description: 'A name of the catalogue' },
    photo: { type: 'string', format: 'binary', description: 'JPEG, PNG or WebP, at most 5 MiB' },
  },
};

const PROBLEM = {
  description: 'What is wrong',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail', 'code'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          code: { type: 'string', description: 'Stable' },
          instance: { type: 'string', description: 'The id of the request in the log' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                in: { type: 'string' },
                pointer: { type: 'string' },
                message: { type: 'string' },
              },
            },
          },
        },
      },
    },
  },
};
