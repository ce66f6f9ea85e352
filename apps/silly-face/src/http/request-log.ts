import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';

/** One line a request, when it is answered: with all that the two lines of the framework say. */
export class RequestLog extends LogController {
  override incomingRequest(request: FastifyRequest): void {
    request.log.debug({ method: request.method, url: request.url }, 'request');
  }

  override requestCompleted(
    error: Error | null | undefined,
    { log, method, url, ip }: FastifyRequest,
    { statusCode, elapsedTime }: FastifyReply,
  ): void {
    const line = { method, url, ip, status: statusCode, ms: Math.round(elapsedTime * 10) / 10 };
    if (error) log.error({ ...line, err: error }, 'request failed');
    else log.info(line, 'request answered');
  }
}
