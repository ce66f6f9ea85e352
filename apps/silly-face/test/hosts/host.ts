import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareEnvironment, descendants, isAlive, waitUntil } from '@silly-face/testing';
import type { Machine } from './network.ts';

export interface Host extends AsyncDisposable {
  readonly id: string;
  readonly machine: Machine;
  readonly pid: number;
  /** Of its API, for who is on another machine. */
  readonly url: string;
  /** Everything it has printed so far. */
  printed(): string;
  /** All of its processes at once, as when the power fails. */
  kill(): Promise<void>;
}

const PORT = 8080;

/** The backend as `main` runs it, on a machine. */
export async function startHost(
  id: string,
  machine: Machine,
  environment: Record<string, string>,
): Promise<Host> {
  const data = mkdtempSync(join(tmpdir(), `silly-face-host-${id}-`));
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const args = ['--pdeathsig', 'KILL', ...machine.enter, process.execPath, main];
  const child = spawn('setpriv', args, {
    env: {
      ...bareEnvironment(),
      SILLY_FACE_DATA: data,
      SILLY_FACE_NGINX: 'off',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_PLAYER: '0',
      HOST_ID: id,
      HOST: '0.0.0.0',
      PORT: String(PORT),
      PARTY_HOST: '0.0.0.0',
      PARTY_ADVERTISED_HOST: machine.address,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, 'close');
  const kill = async (): Promise<void> => {
    const pid = child.pid as number;
    const all = [...descendants(pid), pid];
    // Its own first: nobody is left who could say that the others are gone.
    for (const each of all.toReversed()) if (isAlive(each)) process.kill(each, 'SIGKILL');
    await ended;
    await waitUntil(() => !all.some(isAlive), { what: `the end of ${id}` });
  };
  const dispose = async (): Promise<void> => {
    await kill();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await waitUntil(
      () => {
        if (child.exitCode !== null) throw new Error(`${id} has ended:\n${printed}`);
        return printed.includes('The API is at');
      },
      { what: `the start of ${id}`, timeoutMs: 60_000 },
    );
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    id,
    machine,
    pid: child.pid as number,
    url: `http://${machine.address}:${PORT}`,
    printed: () => printed,
    kill,
    [Symbol.asyncDispose]: dispose,
  };
}
