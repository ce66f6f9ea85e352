import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareEnvironment, descendants, freePort, processesMarked, waitUntil } from '@silly-face/testing';

export interface Demo {
  pid: number;
  port: number;
  /** Everything it has printed so far. */
  printed(): string;
  /** Waits until so many faces were guessed right since the start. */
  facesGuessed(count: number): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Stops reading what it prints, as `head` does. */
  stopReading(): void;
  /** Exit code and signal. */
  ended: Promise<[number | null, NodeJS.Signals | null]>;
  /** The processes of this demo, itself included, that run now. */
  processes(): number[];
}

/** The TCP ports of 127.0.0.1 that these processes listen on. */
export function listeningPorts(pids: number[]): number[] {
  const sockets = new Set(pids.flatMap(socketsOf));
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && inode !== undefined && sockets.has(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}

const LISTEN = '0A';

function socketsOf(pid: number): string[] {
  return descriptorsOf(pid).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // Closed since.
    }
  });
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    // It has ended since it was listed, as a server's process behind a connection may.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A folder for the demo's data and one for its temporary files; gone with `remove()`. */
export function demoFolders(): { data: string; temporary: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'demo-'));
  chmodSync(directory, 0o755); // As root, Postgres runs as somebody else.
  const data = join(directory, 'data');
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  return { data, temporary, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export async function runDemo(
  folders: { data: string; temporary: string },
  environment: Record<string, string> = {},
  script: 'demo' | 'main' | 'silly-face start' = 'demo',
): Promise<Demo> {
  const mark = randomUUID();
  const port = Number(environment.PORT) || (await freePort());
  const [file, ...args] = script === 'silly-face start' ? ['cli/main', 'start'] : [script];
  const path = fileURLToPath(new URL(`../../dist/${file}.js`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: {
      ...bareEnvironment(),
      SILLY_FACE_POSTGRES: 'embedded',
      // Whether or not another test has installed it.
      SILLY_FACE_NGINX: process.env.SILLY_FACE_NGINX || 'off',
      SILLY_FACE_DATA: folders.data,
      TMPDIR: folders.temporary,
      PORT: String(port),
      PARTY_PORT: '0',
      PARTY_WEB_SOCKET_PORT: '0',
      DEMO_MARK: mark,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    pid: child.pid as number,
    port,
    printed: () => printed,
    async facesGuessed(count) {
      const guessed = (): number => printed.match(/guesses ".*": right/g)?.length ?? 0;
      const over = (): boolean => guessed() >= count || child.exitCode !== null;
      await waitUntil(over, { what: `${count} faces to be guessed`, timeoutMs: 120_000 });
      if (guessed() < count)
        throw new Error(`The demo ended after ${guessed()} of ${count} faces:\n${printed}`);
    },
    signal: (name) => child.kill(name),
    stopReading: () => child.stdout.destroy(),
    ended,
    // The watchdog carries no mark: it is found by descent.
    processes: () => [
      ...new Set([...processesMarked(`DEMO_MARK=${mark}`), ...descendants(child.pid as number)]),
    ],
  };
}
