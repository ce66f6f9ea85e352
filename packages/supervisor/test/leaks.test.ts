import { readdirSync, readlinkSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Supervisor, type ChildStatus } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { fixture, observe } from './observe.ts';

test.skipIf(process.platform !== 'linux')(
  '200 restarts leave no descriptor and no handle behind, and the stop none at all',
  async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    // Node.js itself opens something at the first process, and keeps it.
    await (await serving()).stop();
    const before = await steadilyHeld();
    const supervisor = await serving();
    const { exits } = observe(supervisor);
    for (const name of ['command', 'script']) await crash(supervisor, name);
    await waitUntil(() => exits.length === 2 && statusOf(supervisor, 'script').spare, { what: 'peace' });
    const early = await steadilyHeld();
    for (let count = 0; count < 160; count++) await crash(supervisor, 'command');
    for (let count = 0; count < 40; count++) await crash(supervisor, 'script');
    await waitUntil(() => exits.length === 202 && statusOf(supervisor, 'script').spare, { what: 'peace' });
    await expect.poll(held, { timeout: 10_000 }).toEqual(early);
    expect(supervisor.status().map(({ restarts }) => restarts)).toEqual([161, 41]);
    await supervisor.stop();
    await expect.poll(held, { timeout: 10_000 }).toEqual(before);
    expect(warnings).toEqual([]);
  },
);

async function serving(): Promise<Supervisor> {
  const restart = { initialDelayMs: 1, maxDelayMs: 1, maxRestarts: 1_000 };
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'command',
        command: 'sleep',
        args: ['600'],
        listen: { port: 0, host: '127.0.0.1' },
        healthCheck: () => true,
        memoryLimitBytes: 2 ** 40,
        restart,
      },
      {
        name: 'script',
        script: fixture('server.mjs'),
        readiness: 'message',
        sockets: ['api'],
        spare: true,
        restart,
      },
    ],
    onChildExit: async () => {},
  });
  await supervisor.start();
  return supervisor;
}

async function crash(supervisor: Supervisor, name: string): Promise<void> {
  const { pid = 0 } = statusOf(supervisor, name);
  process.kill(pid, 'SIGKILL');
  await waitUntil(
    () => statusOf(supervisor, name).state === 'ready' && statusOf(supervisor, name).pid !== pid,
    { what: 'the restart', intervalMs: 2 },
  );
}

/** The same at two looks: handles close in their own time. */
async function steadilyHeld(): Promise<Record<string, number>> {
  let last: Record<string, number> = {};
  return waitUntil(
    () => {
      const now = held();
      const isSame = isDeepStrictEqual(now, last);
      last = now;
      return isSame && now;
    },
    { what: 'an end of the coming and going', intervalMs: 100 },
  );
}

function statusOf(supervisor: Supervisor, child: string): ChildStatus {
  const status = supervisor.status().find(({ name }) => name === child);
  if (!status) throw new Error(`There is no child "${child}"`);
  return status;
}

/** Descriptors and handles of this process, by kind. The test runner's are the same all the time. */
function held(): Record<string, number> {
  const kinds = [
    ...readdirSync('/proc/self/fd').map(kindOf),
    ...process.getActiveResourcesInfo().filter((name) => name.endsWith('Wrap')),
  ];
  return Object.fromEntries(
    [...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]),
  );
}

function kindOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'n');
  } catch {
    return 'the listing itself';
  }
}
