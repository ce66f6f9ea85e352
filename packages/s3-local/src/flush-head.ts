import type { ServerResponse } from 'node:http';

/**
 * Sends the head of an answer at once. Node's own `flushHeaders`, and a body that is a string, would encode the head as
 * UTF-8 once more; header values are bytes already.
 */
export function flushHead(response: ServerResponse): void {
  response.write(Buffer.alloc(0));
}
