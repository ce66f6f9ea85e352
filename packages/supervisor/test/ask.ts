import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** One request on a connection of its own. */
export async function ask(where: number | { socketPath: string }, path = '/'): Promise<string> {
  const to = typeof where === 'number' ? { port: where, host: '127.0.0.1' } : where;
  const request = get({ ...to, path, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  return body;
}
