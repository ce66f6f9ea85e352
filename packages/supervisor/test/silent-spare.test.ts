// A spare that cannot take over when it is needed.
import { Supervisor, type SpareEvent } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from './ask.ts';
import { observe, portOf, type Observed } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

test.each<[string, NodeJS.Signals, ('listening' | 'message')?]>([
  ['is stopped', 'SIGSTOP'],
  ['is stopped, and had said that it is ready,', 'SIGSTOP', 'message'],
  ['stands still', 'SIGUSR2'],
  ['has ended in that moment', 'SIGKILL'],
])(
  'a spare that %s is passed over and ended, and another process serves',
  async (what, signal, readiness = 'listening') => {
    const { supervisor, observed, spares } = await withSpare(readiness);
    const [{ pid = 0, sparePid = 0 } = {}] = supervisor.status();
    process.kill(sparePid, signal);
    if (signal === 'SIGUSR2') {
      await waitUntil(() => observed.lines('api').includes('stands still'), { what: 'the standstill' });
    }
    process.kill(pid, 'SIGKILL');
    const answer = Number(await ask(portOf(supervisor)));
    expect([pid, sparePid]).not.toContain(answer);
    await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the new process' });
    expect(supervisor.status()[0]).toMatchObject({ pid: answer, restarts: 1 });
    await waitUntil(() => observed.exits.some((exit) => exit.pid === sparePid), {
      what: 'the end of the spare',
    });
    expect(observed.exits.find((exit) => exit.pid === sparePid)).toMatchObject({
      signal: 'SIGKILL',
      spare: true,
    });
    expect(isAlive(sparePid)).toBe(false);
    expect(spares.map(({ what }) => what)).not.toContain('promoted');
    if (what.includes('ended')) return;
    expect(spares.find((event) => event.what === 'failed')).toMatchObject({
      pid: sparePid,
      error: {
        code: 'CHILD_NOT_READY',
        message: expect.stringContaining('The spare of child "api" did not answer'),
      },
    });
    await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the next spare' });
  },
);

test.each(['stop', 'kill'] as const)(
  'a %s while a silent spare is passed over leaves nothing',
  async (end) => {
    const { supervisor, observed } = await withSpare('listening');
    const [{ pid = 0, sparePid = 0 } = {}] = supervisor.status();
    process.kill(sparePid, 'SIGUSR2');
    await waitUntil(() => observed.lines('api').includes('stands still'), { what: 'the standstill' });
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => supervisor.status()[0]?.state === 'starting', { what: 'the promotion' });
    await supervisor[end]();
    expect(observed.path('api')).toEqual(['starting', 'ready', 'backing off', 'starting', 'stopped']);
    expect(observed.exits).toMatchObject([{ pid }, { pid: sparePid, signal: 'SIGKILL', spare: true }]);
    expect(isAlive(sparePid)).toBe(false);
  },
);

interface WithSpare {
  readonly supervisor: Supervisor;
  readonly observed: Observed;
  readonly spares: SpareEvent[];
}

/** A child whose spare stands by. It stands still for ever when it gets SIGUSR2. */
async function withSpare(readiness: 'listening' | 'message'): Promise<WithSpare> {
  const script = join(temporaryFolder(), 'app.cjs');
  writeFileSync(
    script,
    `process.on('SIGUSR2', () => { console.log('stands still'); for (;;); });
     require('node:http').createServer((_, response) => {
       response.setHeader('Connection', 'close');
       response.end(String(process.pid));
     }).listen({ fd: 3 });
     process.send('ready');`,
  );
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'api',
        script,
        sockets: ['api'],
        readiness,
        readyTimeoutMs: 600_000,
        heartbeatTimeoutMs: 600_000,
        stopTimeoutMs: 600_000,
        spare: true,
      },
    ],
  });
  onTestFinished(() => supervisor.kill());
  const observed = observe(supervisor);
  const spares: SpareEvent[] = [];
  supervisor.on('spare', (event) => spares.push(event));
  await supervisor.start();
  await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the spare' });
  return { supervisor, observed, spares };
}
