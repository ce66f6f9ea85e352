import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

export interface Drain {
  /** From the last answer to the end of the process. */
  exitMs: number;
  answered: number;
  lost: number;
}

/** Sends requests on as many kept-alive connections, then SIGTERM, and watches what becomes of both. */
export async function drain(library: string, requests: number): Promise<Drain> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('server.js', import.meta.url)), library], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(() => performance.now());
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const agent = new Agent({ keepAlive: true, maxSockets: requests });
  try {
    // Each connection has been used before, as those of a proxy.
    await Promise.all(Array.from({ length: requests }, () => get(port, 0, agent)));
    const inFlight = Array.from({ length: requests }, () => get(port, 600, agent));
    // A request that is answered after all the others were sent: they have arrived.
    await get(port, 50, new Agent());
    child.kill('SIGTERM');
    const answers = await Promise.all(inFlight);
    const answeredAt = performance.now();
    const answered = answers.filter(Boolean).length;
    return { exitMs: (await exited) - answeredAt, answered, lost: requests - answered };
  } finally {
    agent.destroy();
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** Whether it was answered whole. */
function get(port: number, delayMs: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ port, host: '127.0.0.1', path: `/?delayMs=${delayMs}`, agent }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.complete && response.statusCode === 200));
    });
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}
