import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { bareEnvironment, freePort, startPostgres } from '@silly-face/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, newPlayer } from '../http/client.ts';
import { processFile, type Rig, startRig } from '../http/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

function start(name: 'api' | 'migrate', environment: Record<string, string>, fd?: number) {
  const child = spawn(process.execPath, [processFile(name)], {
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd]), 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = once(child, 'close').then(([exitCode]): Ended => ({ exitCode, output }));
  return { child, ended };
}

/** Until it says that it is ready; fails with its output when it ends before. */
async function ready({ child, ended }: { child: ChildProcess; ended: Promise<Ended> }): Promise<void> {
  const first = await Promise.race([once(child, 'message').then(([message]) => message), ended]);
  expect(first).toBe('ready');
}

describe('the API process', () => {
  it('listens on the socket that it was handed, and leaves with 0 when asked to', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
    const api = start('api', { ...rig.environment, LISTEN_FDS: '1' }, fd);
    await ready(api);
    holder.close();
    const url = `http://127.0.0.1:${port}`;
    expect(await ask(url, 'GET', '/_health')).toMatchObject({ status: 200, body: 'ok' });
    const anna = await newPlayer({ ...rig, url });
    expect((await anna.get('/me')).body.currentPlayer.name).toBe(anna.name);
    api.child.kill('SIGTERM');
    const { exitCode, output } = await api.ended;
    expect(exitCode).toBe(0);
    for (const line of output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });

  it('answers a request that is under way when the signal comes', async () => {
    const port = await freePort();
    const api = start('api', { ...rig.environment, PORT: String(port) });
    await ready(api);
    const body = JSON.stringify({ name: 'leaving', password: 'long enough' });
    const answered = request({
      port,
      method: 'POST',
      path: '/accounts',
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'idempotency-key': 'leaving',
        // The server's word that it has the request and waits for its body.
        expect: '100-continue',
      },
    });
    answered.flushHeaders();
    await once(answered, 'continue');
    api.child.kill('SIGTERM');
    answered.end(body);
    const [response] = await once(answered, 'response');
    expect(response.statusCode).toBe(201);
    response.resume();
    expect((await api.ended).exitCode).toBe(0);
  });

  it('says what is wrong with its configuration, and ends with 1', async () => {
    const { exitCode, output } = await start('api', { ...rig.environment, PORT: '0', S3_BUCKET: '' }).ended;
    expect(exitCode).toBe(1);
    expect(output).toContain('Expected the environment variable S3_BUCKET, and it is not set');
  });

  it('fails when its port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { exitCode, output } = await start('api', { ...rig.environment, PORT: String(port) }).ended;
    holder.close();
    expect(exitCode).toBe(1);
    expect(output).toContain('EADDRINUSE');
  });
});

describe('the migrations', () => {
  it('run once, however many processes run them at the same time', async () => {
    await using postgres = await startPostgres();
    const environment = { DATABASE_URL: postgres.connectionString };
    const ends = await Promise.all(Array.from({ length: 3 }, () => start('migrate', environment).ended));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(ends.filter(({ output }) => output.includes('No migrations to run'))).toHaveLength(2);
    expect((await start('migrate', environment).ended).exitCode).toBe(0);
  });

  it('fail with 1 and a message when there is no database', async () => {
    const { exitCode, output } = await start('migrate', {
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      MIGRATE_PATIENCE_MS: '0',
    }).ended;
    expect(exitCode).toBe(1);
    expect(output).toContain('The migrations failed');
  });
});
