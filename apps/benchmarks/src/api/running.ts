import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bareEnvironment, freePort } from '@silly-face/testing';

export const names = ['ours', 'bare fastify and pg-pool'] as const;
export type Name = (typeof names)[number];

/** A process that serves. Its log, which is a supervisor's to read, goes to nobody. */
export interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

export const running: Record<Name, (databaseUrl: string) => Promise<Running>> = {
  ours: async (databaseUrl) => {
    const port = await freePort();
    const child = fork(backendScript('api'), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...backendEnvironment(databaseUrl), PORT: String(port) },
    });
    return await served(child, () => port);
  },
  'bare fastify and pg-pool': async (databaseUrl) => {
    const child = fork(fileURLToPath(new URL('bare.js', import.meta.url)), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', DATABASE_URL: databaseUrl },
    });
    return await served(child, (message) => message as number);
  },
};

/** Brings the schema of the backend into the database. */
export async function migrate(databaseUrl: string): Promise<void> {
  const child = spawn(process.execPath, [backendScript('migrate')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: backendEnvironment(databaseUrl),
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The migrations ended with ${String(code)}`);
}

async function served(child: ChildProcess, portOf: (message: unknown) => number): Promise<Running> {
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const [first] = await Promise.race([once(child, 'message'), ended.then(() => [])]);
  if (first === undefined) throw new Error('A server ended before it served');
  return { port: portOf(first), stop };
}

function backendScript(name: 'api' | 'migrate'): string {
  return fileURLToPath(import.meta.resolve(`@silly-face/backend/dist/processes/${name}.js`));
}

function backendEnvironment(databaseUrl: string): NodeJS.ProcessEnv {
  return {
    ...bareEnvironment(),
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    // Who asks is counted as anybody is who comes through a proxy, and is never too much.
    TRUST_PROXY: 'loopback',
    RATE_LIMIT_ADDRESS: '1000000000',
    RATE_LIMIT_PLAYER: '1000000000',
    DATABASE_URL: databaseUrl,
    // No photo is asked for.
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_REGION: 'us-east-1',
    S3_BUCKET: 'none',
    S3_ACCESS_KEY_ID: 'none',
    S3_SECRET_ACCESS_KEY: 'none',
  };
}
