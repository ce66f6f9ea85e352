import type { FastifySerializerCompiler } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';

/**
 * The compiler checks that routes answer as their schemas say, and so do the tests, where what is wrong or too much in an answer
 * is an error. A running server does without: it would cost each answer several times what its JSON costs.
 */
export function answersAs(isChecked: boolean): FastifySerializerCompiler<z.ZodType> {
  return isChecked ? serializerCompiler : () => JSON.stringify;
}
