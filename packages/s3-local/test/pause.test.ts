import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { pause } from '../src/faults/pause.ts';

/** What `pause` looks at. */
const responseThat = (isDestroyed: boolean): ServerResponse =>
  Object.assign(new EventEmitter(), { destroyed: isDestroyed }) as unknown as ServerResponse;

test.each([undefined, 600_000])('A pause of %s ms that begins too late ends at once', async (delayMs) => {
  const isOver = expect.objectContaining({ message: expect.stringContaining('was closed') });
  await expect(pause(delayMs, responseThat(false), AbortSignal.abort())).rejects.toEqual(isOver);
  await expect(pause(delayMs, responseThat(true), new AbortController().signal)).rejects.toEqual(isOver);
});

test('A pause without an end ends when the client leaves, or the server closes', async () => {
  const response = responseThat(false);
  const left = pause(undefined, response, new AbortController().signal);
  response.emit('close');
  await expect(left).rejects.toThrow('was closed');
  const closing = new AbortController();
  const closed = pause(undefined, responseThat(false), closing.signal);
  closing.abort();
  await expect(closed).rejects.toThrow('was closed');
});
