import { type Agent, request } from 'node:http';

/** Whether it was answered whole; 200 alone is an answer. */
export function get(port: number, answerMs: number, agent?: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const path = `/?answerMs=${answerMs}`;
    const outgoing = request({ port, host: '127.0.0.1', path, agent }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.complete && response.statusCode === 200));
    });
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}
